// The browser of one story, and who sits at it.
//
// In: the console's address. Out: guests, each with cookies of their own; what any page of theirs has said to the
// browser's console, what it has asked of elsewhere, and what axe finds on it, all of which fail the story at its end.
// A page is looked at in both colour schemes, at the width of a desk and of a phone.

import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const DESK = { width: 1100, height: 800 };
const PHONE = { width: 390, height: 844 };

// What is no page's fault: the browser itself says that a page came with 401, 403, … The stories look at those. And axe, which
// examines the page, speaks to the frame with the letter if that is there already; it is closed to everybody, axe as well.
const EXPECTED = new RegExp(
  '^Failed to load resource: the server responded with a status of 4\\d\\d' +
    "|^Failed to execute 'postMessage' on 'DOMWindow': .* does not match the recipient window's origin \\('null'\\)",
);

/** How long the browser may take for a step, on a machine that is busy with other tests. */
const PATIENCE = 40_000;

export class House {
  static async open(modules, given) {
    const require = createRequire(path.join(modules, 'none.js'));
    const house = new House();
    house.given = given;
    house.axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
    house.problems = [];
    house.guests = [];
    house.screens = given.screens;
    mkdirSync(house.screens, { recursive: true });
    const { chromium } = require('playwright-core');
    house.browser = await chromium.launch({
      executablePath: given.chromium,
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    });
    return house;
  }

  /** Somebody with a browser of their own. */
  async guest(options = {}) {
    const context = await this.browser.newContext({ viewport: DESK, locale: 'ja-JP', ...options });
    context.setDefaultTimeout(PATIENCE);
    const guest = new Guest(this, context, await context.newPage());
    this.guests.push(guest);
    return guest;
  }

  say(step) {
    console.log(step);
  }

  /** All that was wrong on the way, at once. */
  end() {
    if (this.problems.length > 0) throw new Error(`\n${[...new Set(this.problems)].join('\n')}`);
  }

  /** What everybody had before their eyes when it went wrong. */
  async lastLook() {
    for (const [number, guest] of this.guests.entries()) {
      console.log(`guest ${number} is at ${guest.page.url()}`);
      await guest.page.screenshot({ path: path.join(this.screens, `failed-${number}.png`) }).catch(() => {});
    }
    for (const problem of this.problems) console.log(problem);
  }

  async close() {
    await this.browser.close();
  }
}

export class Guest {
  constructor(house, context, page) {
    Object.assign(this, { house, context, page });
    const at = () => new URL(page.url(), 'http://nowhere').pathname;
    const wrong = (what) => house.problems.push(`${at()}: ${what}`);
    page.on('console', (message) => {
      const said = message.type() === 'error' || message.type() === 'warning';
      if (said && !EXPECTED.test(message.text())) wrong(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => wrong(`script: ${error}`));
    page.on('request', (request) => {
      const to = new URL(request.url());
      if (to.protocol.startsWith('http') && !house.given.known.includes(to.host)) wrong(`asks for ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 500) wrong(`${response.url()} came with ${response.status()}`);
    });
  }

  /** Opens a page of the console; gives its status. */
  async open(where) {
    const response = await this.page.goto(new URL(where, this.house.given.console).href);
    return response.status();
  }

  async click(role, name) {
    await this.page.getByRole(role, { name }).first().click();
  }

  /** Name and password; what follows is up to the story. */
  async logIn([account, password]) {
    await this.open('/login');
    await this.page.locator('#account').fill(account);
    await this.page.locator('#password').fill(password);
    await this.page.locator('main button[type=submit]').click();
    await this.page.waitForURL((url) => url.pathname !== '/login');
  }

  async logOut() {
    await this.page.locator('form[action="/logout"] button').click();
    await this.page.waitForURL('**/login');
  }

  text() {
    return this.page.locator('main').innerText();
  }

  /** Fails the story unless every one of `words` stands on the page. */
  async reads(...words) {
    const text = await this.page.locator('body').innerText();
    const missing = words.filter((word) => !text.includes(word));
    if (missing.length > 0) throw new Error(`${this.page.url()} does not say ${missing.join(', ')}:\n${text}`);
  }

  async readsNot(...words) {
    const text = await this.page.content();
    const there = words.filter((word) => text.includes(word));
    if (there.length > 0) throw new Error(`${this.page.url()} says ${there.join(', ')}`);
  }

  async isAt(path) {
    const { pathname } = new URL(this.page.url());
    if (pathname !== path) throw new Error(`at ${pathname}, not at ${path}`);
  }

  /** Keeps a picture of the whole page. */
  async shot(name, whole = true) {
    await this.page.screenshot({ path: path.join(this.house.screens, `${name}.png`), fullPage: whole });
  }

  /** Looks at the page as it stands in both colour schemes and at both widths, and keeps two pictures of it. */
  async audit(name, { pictures = true } = {}) {
    for (const [width, size] of [['desk', DESK], ['phone', PHONE]]) {
      await this.page.setViewportSize(size);
      for (const colorScheme of ['light', 'dark']) {
        await this.page.emulateMedia({ colorScheme });
        await this.inspect(`${name}, ${width}, ${colorScheme}`);
        if (pictures && (width === 'desk') === (colorScheme === 'light')) await this.shot(`${name}-${width}`);
      }
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
    await this.page.setViewportSize(DESK);
  }

  /** What axe finds, what is too small to hit, and whether the page has to be pushed sideways. */
  async inspect(called) {
    const wrong = (what) => this.house.problems.push(`${called}: ${what}`);
    await this.page.evaluate(`${this.house.axe};0`);
    const { violations, passed } = await this.page.evaluate(ask);
    if (passed < 10) wrong(`axe has looked at ${passed} things only`);
    for (const { id, impact, help, nodes } of violations) wrong(`axe ${impact} ${id} (${help}):\n    ${nodes.join('\n    ')}`);
    for (const small of await this.page.evaluate(tooSmall)) wrong(`a target under 24 pixels: ${small}`);
    const wide = await this.page.evaluate(sideways);
    if (wide) wrong(wide);
    const lang = await this.page.evaluate(() => document.documentElement.lang);
    if (lang !== this.house.given.language) wrong(`the page says to be in ${lang}`);
  }
}

/** Runs axe in the page. */
async function ask() {
  const { violations, passes } = await axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    rules: { 'target-size': { enabled: true } },
    resultTypes: ['violations'],
  });
  const shown = (node) => `${node.html.slice(0, 160)} — ${node.failureSummary.replaceAll('\n', ' ')}`;
  const told = ({ id, impact, help, nodes }) => ({ id, impact, help, nodes: nodes.slice(0, 4).map(shown) });
  return { violations: violations.map(told), passed: passes.length };
}

/** Things to hit that are smaller than 24 by 24 pixels; links within a text, and boxes whose label can be hit, are none. */
function tooSmall() {
  const found = [];
  for (const element of document.querySelectorAll('a[href], button, input, select, textarea, summary')) {
    if (element.type === 'hidden' || !element.checkVisibility({ visibilityProperty: true })) continue;
    const label = element.type === 'checkbox' || element.type === 'radio' ? element.closest('label') : null;
    const { width, height } = (label ?? element).getBoundingClientRect();
    const block = element.closest('p, li, dd, td, th');
    const inText = element.matches('a') && block && block.innerText.trim().length > element.innerText.trim().length + 2;
    if (width > 0 && !inText && (width < 24 || height < 24)) {
      found.push(`${element.outerHTML.slice(0, 120)} (${Math.round(width)}×${Math.round(height)})`);
    }
  }
  return found;
}

/** What sticks out of the page to the right. */
function sideways() {
  const { scrollWidth, clientWidth } = document.scrollingElement;
  if (scrollWidth <= clientWidth) return null;
  const out = [...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > clientWidth + 1);
  return `${scrollWidth} pixels on ${clientWidth}: ${out.slice(0, 3).map((one) => one.outerHTML.slice(0, 120)).join(' | ')}`;
}

/** The code that an authenticator app shows for a secret in base 32, `steps` of half a minute from now (RFC 6238). */
export function codeOf(secret, steps = 0) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replaceAll(/[^A-Z2-7]/g, '')].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = hash.at(-1) & 15;
  return String((hash.readUInt32BE(at) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
}
