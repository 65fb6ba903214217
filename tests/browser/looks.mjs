// How every page looks: light and dark, wide and narrow, and by axe's rules.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

import { beginSlowly, pay } from "./journeys.mjs";
import { as } from "./people.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };
// Pictures for the documentation: name, address, colours, and how much of the page.
const shown = (order) => [
  ["order", order, "light", 1_150],
  ["orders", "/orders?source=shop", "dark", 800],
  ["overview", "/", "light", 900],
];
// So that the overview's curves have something to show.
const LIVE_MS = 12_000;
// Their tables fit on a wide screen.
const WHOLE = ["overview", "orders", "dead-letters", "replays"];
const SCHEMES = ["light", "dark"];
// What axe calls these stops people; the rest is advice.
const SERIOUS = ["serious", "critical"];

/** Every page that the navigation leads to, and one of each kind below it. */
async function addresses(page, task) {
  await page.goto(task.console);
  const sections = await page.locator("header nav a").evaluateAll((links) => links.map((link) => [link.textContent, link.getAttribute("href")]));
  const found = sections.map(([name, path]) => [name.toLowerCase().replaceAll(" ", "-"), path]);
  await page.goto(`${task.console}/orders?q=${task.late}`);
  found.push(["order", await page.locator("#results tbody a").first().getAttribute("href")]);
  found.push(["webhook", `/webhooks/${task.webhooks[0]}`], ["webhook-body", `/webhooks/${task.webhooks[0]}/body`]);
  await page.goto(`${task.console}/dead-letters?source=stripe&reason=refused`);
  found.push(["dead-letter", await page.locator("#results tbody th a").first().getAttribute("href")]);
  found.push(["dry-run", "/dead-letters/dry-run?all=true"], ["dry-run-choose", "/dead-letters/dry-run"], ["replays", "/replays"]);
  found.push(["dry-run-order", "/dead-letters/dry-run?source=stripe&reason=refused"]);
  found.push(["orders-none", "/orders?q=nothing-is-called-so"], ["not-found", "/nowhere"]);
  found.push(["dead-letters-none", "/dead-letters?reason=crashed"]);
  await page.goto(`${task.console}/replays`);
  found.push(["replay-ended", await page.locator("#results tbody th a").last().getAttribute("href")]);
  return found;
}

async function look(page, [name, path], scheme, task) {
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
  await page.setViewportSize(WIDE);
  await page.goto(`${task.console}${path}`);
  await page.locator("main h1").first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(task.pictures, `${name}-${scheme}.png`), fullPage: true });
  if (WHOLE.includes(name)) {
    const cut = await page.locator(".scroll").evaluateAll((boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth).length);
    assert.equal(cut, 0, `a table of ${name} is cut at ${WIDE.width}`);
  }
  await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => SERIOUS.includes(impact));
  const told = serious.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map((node) => node.html).join("\n    ")}`);
  assert.deepEqual(told, [], `${name}, ${scheme}`);

  await page.setViewportSize(NARROW);
  await page.screenshot({ path: join(task.pictures, `${name}-${scheme}-narrow.png`), fullPage: true });
  const { scrolled, visible } = await page.evaluate(() => ({
    scrolled: document.documentElement.scrollWidth,
    visible: document.documentElement.clientWidth,
  }));
  assert.ok(scrolled <= visible, `${name} is ${scrolled} wide where ${visible} are seen`);
}

async function show(page, order, task) {
  for (const [name, path, colorScheme, height] of shown(order)) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ ...WIDE, height });
    await page.goto(`${task.console}${path}`);
    if (name === "overview") {
      const asOf = async () => Date.parse(await page.locator("#as-of time").getAttribute("datetime"));
      const until = (await asOf()) + LIVE_MS;
      while ((await asOf()) < until) await pay(task);
    }
    await page.screenshot({ path: join(task.pictures, `shown-${name}.png`) });
  }
}

export async function everyPage({ task, context }) {
  // axe is put into the page, which the page's own policy would refuse.
  const options = { bypassCSP: true };
  const page = await as({ task, context }, "admin", options);
  const stranger = await (await context(options)).newPage();
  const pages = await addresses(page, task);
  await beginSlowly(page, task);
  const running = ["replay", new URL(page.url()).pathname];
  for (const scheme of SCHEMES) await look(page, running, scheme, task);
  for (const scheme of SCHEMES) {
    await look(stranger, ["sign-in", "/sign-in"], scheme, task);
    for (const address of pages) await look(page, address, scheme, task);
  }
  const [, order] = pages.find(([name]) => name === "order");
  await show(page, order, task);
  assert.deepEqual([...page.context().faults, ...stranger.context().faults], []);
  console.log(`    ${pages.length + 2} pages; their pictures are in ${task.pictures}`);
  await stranger.context().close();
  await page.context().close();
}
