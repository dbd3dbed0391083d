// What a page does by itself: it moves the focus by keys, and tells when something new waits.
//
// Nothing is decided here, and nothing depends on it: every key leads to a link, a field or a button that is there without
// it, and a decision takes that button. Letter keys can be switched off (WCAG 2.1.4); the browser remembers that.
'use strict';

const dialog = document.getElementById('keys');
const news = document.querySelector('.news');

function remembered() {
  try {
    return localStorage.getItem('sekisho-keys') !== 'off';
  } catch {
    return true;
  }
}

let lettersOn = remembered();

/** The mails of a list, in order. */
const lines = () => [...document.querySelectorAll('.mails li > a')];

/** Moves the focus to the line `by` lines further; the first or last one stays where it is. */
function step(by) {
  const all = lines();
  if (all.length === 0) return false;
  const line = document.activeElement.closest('.mails li');
  const at = line ? all.indexOf(line.querySelector(':scope > a')) : -1;
  const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1);
  all[to].focus();
  return true;
}

function tick() {
  const line = document.activeElement.closest('.mails li');
  const box = line && line.querySelector('input[type=checkbox]');
  if (!box) return false;
  box.click();
  return true;
}

function focus(selector) {
  const element = document.querySelector(selector);
  if (!element) return false;
  element.focus();
  return true;
}

function back() {
  const link = document.querySelector('.back a');
  if (!link) return false;
  link.click();
  return true;
}

function help() {
  if (dialog.open) dialog.close();
  else dialog.showModal();
  return true;
}

/** What each key does; it gives whether there was anything to do. */
const letters = {
  j: () => step(1),
  k: () => step(-1),
  x: tick,
  '/': () => focus('#q'),
  a: () => focus('.decide .yes'),
  r: () => focus('.decide .no'),
  u: back,
};

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  const typing = event.target.closest('input:not([type=checkbox]), textarea, select');
  if (typing || (dialog.open && event.key !== '?')) return;
  let done = false;
  if (event.key === '?') done = help();
  // Enter in a tick would send the form.
  else if (event.key === 'Enter' && event.target.matches('.mails input')) done = true;
  else if (lettersOn && Object.hasOwn(letters, event.key)) done = letters[event.key]();
  // Arrows move within a list once somebody is in it; elsewhere they scroll.
  else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    const inside = document.activeElement.closest('.mails li');
    done = Boolean(inside) && step(event.key === 'ArrowDown' ? 1 : -1);
  }
  if (done) event.preventDefault();
}

if (dialog) {
  const button = document.querySelector('button.keys');
  button.hidden = false;
  button.addEventListener('click', help);
  const box = document.getElementById('keys-on');
  box.checked = lettersOn;
  box.addEventListener('change', () => {
    lettersOn = box.checked;
    try {
      localStorage.setItem('sekisho-keys', lettersOn ? 'on' : 'off');
    } catch {
      // A browser that remembers nothing forgets it with the page.
    }
  });
  document.addEventListener('keydown', pressed);
}

/** How long between two questions, in milliseconds. */
const PAUSE = 30_000;

let title = document.title;
let over = false;
let asked = 0;

/** Says it beneath the page, without moving what is being read, and offers to open it. */
function tell({ count, told, open }) {
  document.title = count > 0 ? `(${count}) ${title}` : title;
  if (told === (news.querySelector('span')?.textContent ?? '')) return;
  news.replaceChildren();
  if (!told) return;
  const box = document.createElement('p');
  const text = document.createElement('span');
  text.textContent = told;
  const link = document.createElement('a');
  link.textContent = open;
  link.href = location.pathname === '/held' ? location.href : '/held?part=waiting';
  box.append(text, ' ', link);
  news.append(box);
}

async function ask() {
  // Two at once, or for a page that nobody sees, would tell nobody anything.
  if (over || document.hidden || Date.now() - asked < 1_000) return;
  asked = Date.now();
  try {
    const answer = await fetch(news.dataset.from, { headers: { accept: 'application/json' } });
    over = answer.status === 401;
    if (answer.ok || over) tell(await answer.json());
  } catch {
    // Not reached; the next question may be.
  }
}

if (news) {
  setInterval(ask, PAUSE);
  document.addEventListener('visibilitychange', ask);
}
