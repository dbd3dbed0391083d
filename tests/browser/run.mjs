// One story in a real Chromium: `node run.mjs MODULES STORY GIVEN`.
//
// In: where the modules of package.json are, which of stories.mjs to live through, and as JSON what that one needs (the
// console's address, accounts, ids of held mails). Out: a line for each step on standard output; status 1 and what went
// wrong when the story ends otherwise, or when any page on the way has said something to the browser's console.
// Deliberately absent: the relay, its mails, and what arrives; tests/it/browser.rs has those.

import { House } from './house.mjs';
import * as stories from './stories.mjs';

const [modules, name, given] = process.argv.slice(2);
const house = await House.open(modules, JSON.parse(given));
try {
  const story = stories[name];
  if (!story) throw new Error(`there is no story ${name}`);
  await story(house, house.given);
  house.end();
} catch (error) {
  await house.lastLook();
  console.log(`FAILED: ${error.stack}`);
  process.exitCode = 1;
} finally {
  await house.close();
}
