// What other sites and hostile payloads try.

import assert from "node:assert/strict";
import { createServer } from "node:http";

import { as } from "./people.mjs";

/** Another site, whose page sends a form to the console at once. */
async function evil(action) {
  const page = `<!doctype html><title>A game</title><form method=post action="${action}"></form><script>document.forms[0].submit()</script>`;
  const server = createServer((_request, response) => response.setHeader("content-type", "text/html").end(page));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { server, url: `http://localhost:${server.address().port}/` };
}

export async function forgery({ task, context }) {
  const page = await as({ task, context }, "admin");
  await page.goto(task.console);
  // From our own page, but without its proof.
  const status = await page.evaluate(async () => (await fetch("/sign-out", { method: "POST", redirect: "manual" })).status);
  assert.equal(status, 403);

  const { server, url } = await evil(`${task.console}/sign-out`);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith("/sign-out")),
    page.goto(url),
  ]);
  server.close();
  // Without the cookie it is nobody's request; with it, it is refused.
  assert.ok([303, 403].includes(answer.status()), `${answer.status()}`);
  await page.goto(task.console);
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();

  const framed = await page.context().request.get(task.console);
  assert.match(framed.headers()["content-security-policy"], /frame-ancestors 'none'/);
  const [cookie] = await page.context().cookies();
  assert.ok(cookie.httpOnly && cookie.sameSite !== "None", JSON.stringify(cookie));
  await page.context().close();
}

export async function markup({ task, context }) {
  assert.ok(task.webhooks.length > 0, "nothing hostile is in the log");
  const page = await as({ task, context }, "admin");
  page.on("dialog", () => assert.fail("a payload opened a dialog"));
  const addresses = task.webhooks.flatMap((id) => [`/webhooks/${id}`, `/webhooks/${id}/body`]);
  addresses.push(...task.webhooks.map((id) => `/dead-letters/${id}`), "/dead-letters", "/dead-letters/dry-run?all=true");
  addresses.push("/webhooks?verdict=dead", `/orders?q=${encodeURIComponent(task.markup)}`, "/activity");
  for (const address of addresses) {
    await page.goto(`${task.console}${address}`);
    const taken = await page.evaluate(() => globalThis.taken ?? document.querySelectorAll("img[src=x], main script").length);
    assert.equal(taken, 0, address);
  }
  const body = page.locator("pre.payload");
  await page.goto(`${task.console}/webhooks/${task.webhooks[0]}/body`);
  assert.match(await body.textContent(), /onerror/, "it is shown as the text that it is");
  assert.deepEqual(page.context().faults, []);
  await page.context().close();
}
