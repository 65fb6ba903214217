// What people come for.

import assert from "node:assert/strict";

import { as } from "./people.mjs";

export async function search({ task, context }) {
  const page = await as({ task, context }, "viewer");
  await page.goto(task.console);
  await page.getByRole("link", { name: "Orders", exact: true }).click();
  await page.getByLabel("Order, reference or webhook").fill(task.order);
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/[?&]q=/);
  const found = page.locator("#results tbody tr");
  await found.first().waitFor();
  assert.equal(await found.count(), 1);
  await found.getByRole("link").first().click();
  await page.getByRole("heading", { level: 1, name: task.order }).waitFor();
  assert.match(await page.locator("main").textContent(), /rows were read again/, "its record is verified");
  assert.deepEqual(page.context().faults, []);
  await page.context().close();
}

export async function late({ task, context }) {
  const page = await as({ task, context }, "admin");
  await page.goto(`${task.console}/orders?q=${task.late}`);
  await page.locator("#results tbody tr").getByRole("link").first().click();
  await page.getByRole("heading", { level: 1, name: task.late }).waitFor();
  assert.ok((await page.locator(".steps .badge", { hasText: "out of order" }).count()) > 0);
  assert.ok((await page.locator("svg.timeline .late").count()) > 0);

  await page.locator(".steps h3 a").first().click();
  await page.getByRole("heading", { name: "What became of it" }).waitFor();
  await page.getByRole("link", { name: "Show it" }).click();
  await page.locator("#raw pre.payload").waitFor();
  await page.goto(`${task.console}/activity`);
  assert.match(await page.locator("#results").textContent(), /webhook:/, "the look is on record");
  assert.deepEqual(page.context().faults, []);
  await page.context().close();
}

export async function follow({ task, context }) {
  const page = await as({ task, context }, "viewer");
  await page.goto(`${task.console}/webhooks`);
  const all = await page.locator("#results tbody").textContent();
  await page.getByLabel("Verdict").selectOption("dead");
  await page.waitForURL(/verdict=dead/);
  await page.locator("#results .badge", { hasText: "dead" }).first().waitFor();
  const dead = await page.locator("#results tbody").textContent();
  assert.notEqual(dead, all);
  await page.goBack();
  await page.waitForURL((url) => !url.search.includes("verdict=dead"));
  await page.locator("#results .badge", { hasText: /applied|no change|duplicate/ }).first().waitFor();
  await page.goForward();
  await page.waitForURL(/verdict=dead/);
  assert.deepEqual(page.context().faults, []);
  await page.context().close();
}

/** An order is paid, and ingest has it. */
export async function pay(task) {
  const body = {
    order_uuid: crypto.randomUUID(),
    txn_id: crypto.randomUUID(),
    status: "paid",
    amount: "12.34",
    timestamp: new Date().toISOString(),
    metadata: { currency: "USD" },
  };
  const sent = await fetch(task.ingest, {
    method: "POST",
    headers: { authorization: `Bearer ${task.token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(sent.status, 202);
}

export async function live({ task, context }) {
  const page = await as({ task, context }, "viewer");
  await page.goto(task.console);
  await page.locator("#live", { hasText: /^live/ }).waitFor();
  const last = '[data-source="payments"] [data-cell="last"] time';
  const before = await page.locator(last).getAttribute("datetime");
  await pay(task);
  // Nobody loads the page again.
  await page.waitForFunction(([selector, old]) => document.querySelector(selector)?.dateTime > old, [last, before]);
  assert.deepEqual(page.context().faults, []);
  await page.context().close();
}

/** By the keyboard: what is in the form is sent by Enter. */
async function ask(page, label, why) {
  const field = page.getByLabel(label);
  await field.fill(why);
  await field.press("Enter");
}

export async function look({ task, context }) {
  const page = await as({ task, context }, "viewer");
  await page.goto(task.console);
  await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name: "Dead letters" }).click();
  const group = page.getByRole("row", { name: /^payments.*refused/ });
  await group.getByRole("link", { name: /^payments/ }).click();
  await page.waitForURL(/reason=refused/);
  assert.equal(await page.locator("#results tbody tr").count(), task.mended.length);
  await page.locator("#results tbody th a").first().click();
  await page.getByRole("heading", { name: "What a replay would do now" }).waitFor();
  const told = await page.locator("main").textContent();
  assert.match(told, /violates check constraint/, "the error is told with its causes");
  assert.match(told, /status\s+pending/, "what would change is told");
  assert.match(told, /42\.00 USD/);
  assert.equal(await page.getByRole("button", { name: /Replay/ }).count(), 0, "a viewer only looks");
  await page.getByRole("link", { name: /^The webhook/ }).click();
  await page.getByRole("link", { name: "dead letter", exact: true }).click();
  await page.getByRole("heading", { name: "What went wrong" }).waitFor();
  assert.deepEqual(page.context().faults, []);
  await page.context().close();
}

export async function replayOne({ task, context }) {
  const page = await as({ task, context }, "operator");
  await page.goto(`${task.console}/dead-letters?source=payments&reason=refused`);
  await page.locator("#results tbody th a").first().click();
  await ask(page, /^Why it is replayed/, "the rule is gone");
  await page.getByRole("status").filter({ hasText: "It was replayed" }).waitFor();
  await page.getByRole("link", { name: "The order" }).click();
  await page.getByRole("heading", { level: 1, name: /^MENDED-/ }).waitFor();
  assert.match(await page.locator("main .head").textContent(), /paid/);
  assert.deepEqual(page.context().faults, []);
  await page.context().close();
}

export async function replayMany({ task, context }) {
  const page = await as({ task, context }, "operator");
  const left = task.mended.length - 1;
  await page.goto(`${task.console}/dead-letters`);
  await page.getByRole("link", { name: "Dry run of payments, refused" }).click();
  await page.getByRole("heading", { name: "Orders that would change" }).waitFor();
  assert.equal(await page.locator(".rows > li").count(), left);
  assert.match(await page.locator(".rows").textContent(), /status\s+pending.*paid/s);

  await page.getByLabel(/^Letters in a second/).fill("1");
  await ask(page, /^Why they are replayed/, "the rule is gone");
  await page.waitForURL(/\/replays\//);
  const begun = page.url();
  // Nobody loads the page again: it tells of each letter, and at last of the end.
  await page.waitForFunction((max) => 0 < document.getElementById("bar").value && document.getElementById("bar").value < max, left);
  await page.locator("#state", { hasText: "finished" }).waitFor();
  assert.equal(await page.locator("#bar").evaluate((bar) => bar.value), left);
  assert.equal(await page.locator('[data-count="applied"]').textContent(), String(left));
  assert.equal(await page.getByRole("button", { name: "Cancel the replay" }).isVisible(), false);
  assert.doesNotMatch(await page.locator('[data-cell="finished_at"]').textContent(), /not yet/);

  await page.goto(`${task.console}/activity?action=replay_many`);
  await page.locator("#results").getByRole("link", { name: /^replay:/ }).first().click();
  assert.equal(page.url(), begun);
  await page.goto(`${task.console}/orders?q=${task.mended.at(-1)}`);
  assert.match(await page.locator("#results tbody tr").textContent(), /paid/);
  assert.deepEqual(page.context().faults, []);
  await page.context().close();
}

export async function callOff({ task, context }) {
  const page = await as({ task, context }, "operator");
  await beginSlowly(page, task);
  await page.locator("#follow", { hasText: "This page follows it." }).waitFor();

  // The same without any script: it is looked at again by a link.
  const plain = await as({ task, context }, "viewer", { javaScriptEnabled: false });
  await plain.goto(page.url());
  await plain.getByRole("link", { name: "Load the page again" }).click();
  assert.match(await plain.locator("#told").textContent(), /\d+ of \d+ letters/);
  await plain.context().close();

  await ask(page, /^Why it is called off/, "enough is seen");
  await page.locator("#state", { hasText: "cancelled" }).waitFor();
  await page.goto(`${task.console}/replays`);
  const row = page.locator("#results tbody tr").first();
  assert.match(await row.textContent(), /cancelled.*every letter.*try/s);
  assert.deepEqual(page.context().faults, []);
  await page.context().close();
}

/** A replay of everything that waits, so slow that it can be looked at. */
export async function beginSlowly(page, task) {
  await page.goto(`${task.console}/dead-letters`);
  await page.getByRole("link", { name: "Dry run of all that wait" }).click();
  await page.getByLabel(/^Letters in a second/).fill("1");
  await ask(page, /^Why they are replayed/, "try");
  await page.waitForURL(/\/replays\//);
}
