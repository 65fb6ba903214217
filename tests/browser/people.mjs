// Who comes in, and what they see.

import assert from "node:assert/strict";

const SECTIONS = "header nav a";

/** Signs in and keeps the session in `task.sessions`, by role. */
export async function signedIn(made, task, role) {
  task.sessions ??= {};
  task.sessions[role] = await made.storageState();
}

/** A page of somebody who has signed in. */
export async function as({ task, context }, role, options = {}) {
  const made = await context({ storageState: task.sessions[role], ...options });
  return made.newPage();
}

export async function strangers({ task, context }) {
  const made = await context();
  const page = await made.newPage();
  await page.goto(`${task.console}/orders?status=paid`);
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  assert.equal(new URL(page.url()).searchParams.get("next"), "/orders?status=paid");
  const answers = [];
  for (const name of [task.people.viewer.name, "nobody"]) {
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    answers.push(await page.getByRole("alert").textContent());
  }
  assert.equal(answers[0], answers[1], "whether there is such a name is told");
  const api = await made.request.get(`${task.console}/api/v1/orders`);
  assert.equal(api.status(), 401);
  assert.deepEqual(made.faults, []);
  await made.close();
}

export async function byLink({ task, context }) {
  const made = await context();
  const page = await made.newPage();
  await page.goto(task.people.admin.link);
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await signedIn(made, task, "admin");

  const other = await (await context()).newPage();
  await other.goto(task.people.admin.link);
  assert.match(await other.getByRole("alert").textContent(), /used already/);
  assert.deepEqual(made.faults, []);
  await other.context().close();
  await made.close();
}

export async function byPassword({ task, context }) {
  for (const role of ["operator", "viewer"]) {
    const made = await context();
    const page = await made.newPage();
    await page.goto(`${task.console}/orders`);
    await page.getByLabel("Name").fill(task.people[role].name);
    await page.getByLabel("Password").fill(task.people[role].password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "Orders" }).waitFor();
    await signedIn(made, task, role);
    assert.deepEqual(made.faults, []);
    await made.close();
  }
}

export async function known({ browser, task, context }) {
  const seen = {};
  for (const role of ["admin", "operator", "viewer"]) {
    const page = await as({ task, context }, role);
    await page.goto(task.console);
    seen[role] = await page.locator(SECTIONS).allTextContents();
    assert.match(await page.locator("header .who").textContent(), new RegExp(`${task.people[role].name}\\s+${role}`));
    if (role === "viewer") {
      const refused = await page.goto(`${task.console}/activity`);
      assert.equal(refused.status(), 403);
      assert.match(await page.locator("main").textContent(), /admin/, "it says whom to ask");
    }
    await page.context().close();
  }
  assert.ok(seen.operator.includes("Activity") && !seen.viewer.includes("Activity"), JSON.stringify(seen));
  assert.deepEqual(seen.admin, seen.operator);

  // Signing out ends the session, not only the browser's memory of it.
  const made = await context();
  const page = await made.newPage();
  await page.goto(task.console);
  await page.getByLabel("Name").fill(task.people.viewer.name);
  await page.getByLabel("Password").fill(task.people.viewer.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  const session = await made.storageState();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const again = await (await browser.newContext({ storageState: session })).newPage();
  await again.goto(task.console);
  assert.equal(new URL(again.url()).pathname, "/sign-in");
  await again.context().close();
  await made.close();
}
