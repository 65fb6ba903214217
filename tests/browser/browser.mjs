// Looks at the console as people do, in a real browser. What to look at comes as JSON on standard input; the first thing
// that is not as it should be ends the run.

import { mkdirSync } from "node:fs";
import { json } from "node:stream/consumers";
import { chromium } from "playwright-core";

import { forgery, markup } from "./attacks.mjs";
import { everyPage } from "./looks.mjs";
import { callOff, follow, late, live, look, replayMany, replayOne, search } from "./journeys.mjs";
import { byLink, byPassword, known, strangers } from "./people.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
// Long enough for a busy machine: everything waits for what it needs, and for no longer.
const PATIENCE_MS = 20_000;

const task = await json(process.stdin);
mkdirSync(task.pictures, { recursive: true });
const browser = await chromium.launch({ executablePath: task.chromium, headless: true, args: FLAGS });

// Each sees what the ones before it have left: a link signs in once, and a replayed letter is replayed.
const CHECKS = [
  ["whoever is not known is led to the form, and nobody is told more", strangers],
  ["a link signs in once", byLink],
  ["a password signs in, and leads on to where one wanted to go", byPassword],
  ["everybody sees what their role may see", known],
  ["an order is found by its name", search],
  ["an order tells what came out of order, and links to what it came from", late],
  ["a change of address by the page's own scripts can be undone by the browser", follow],
  ["numbers move while one looks", live],
  ["dead letters are found by what is wrong, and one tells what a replay would do", look],
  ["a dead letter is replayed with a reason", replayOne],
  ["many are replayed after a dry run, and their page tells how far it is", replayMany],
  ["a replay is called off", callOff],
  ["no other site acts in somebody's name", forgery],
  ["no payload is markup", markup],
  ["every page is readable, light and dark, wide and narrow", everyPage],
];

let failed = 0;
try {
  for (const [name, check] of CHECKS) {
    const began = Date.now();
    try {
      await check({ browser, task, context });
      console.log(`  ok: ${name} (${Date.now() - began} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`  FAILED: ${name}\n${error.stack ?? error}`);
      await tellWhatIsSeen();
    }
  }
} finally {
  await browser.close();
}
process.exitCode = failed ? 1 : 0;

/** Of every page that is still open: where it is, what stands there, and a picture. */
async function tellWhatIsSeen() {
  for (const made of browser.contexts()) {
    for (const page of made.pages()) {
      const text = await page.locator("body").innerText().catch((error) => error.message);
      console.log(`  seen at ${page.url()}:\n${text.slice(0, 1_500).replace(/^/gm, "    ")}`);
      await page.screenshot({ path: `${task.pictures}/failed-${failed}.png` }).catch(() => {});
    }
    if (made.faults?.length) console.log(`  its scripts said: ${made.faults.join("; ")}`);
    await made.close();
  }
}

// A browser of somebody's own. Whatever a page's scripts complain about, and whatever its policy refuses, is a fault.
async function context(options = {}) {
  const made = await browser.newContext({ timezoneId: "Europe/Berlin", locale: "en-GB", ...options });
  made.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  made.on("weberror", (error) => faults.push(error.error().message));
  made.on("console", (message) => {
    // A refusal that is asked for is reported as a failed resource.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) faults.push(message.text());
  });
  made.faults = faults;
  return made;
}
