// What people do with the console, told as they do it. `given` is what tests/it/browser.rs has made ready; what leaves
// Sekisho in the end, and what the journal says, is looked at there.

import { readFileSync } from 'node:fs';

import { codeOf } from './house.mjs';
import { pages } from './pages.mjs';

/** A section chief sets up a second factor, looks at the gas company's mail, and lets it go. */
export async function secondFactor(house, given) {
  const chief = await house.guest();
  const { page } = chief;
  await chief.logIn(given.approver);
  await page.getByRole('link', { name: given.subject }).click();
  await chief.reads(given.subject, '12,000人', '業務委託_12月作業予定.xlsx', '顧客', 'yamada@kita-hoan.example.com');
  await chief.readsNot(...given.secrets);
  house.say('looked at the mail of the gas company: 12,000 people, masked');

  await chief.click('button', '承認して送信する');
  await chief.reads('二要素認証が必要です');
  await chief.audit('factor-needed');
  house.say('one factor is not enough to approve');

  await chief.open('/me');
  await chief.click('button', '設定する');
  await page.locator('svg.qr').waitFor();
  const secret = await page.locator('ol code').innerText();
  await page.locator('#code').fill('000000');
  await chief.click('button', '確認して設定する');
  await chief.reads('コードが違います');
  await page.locator('#code').fill(codeOf(secret));
  await chief.click('button', '確認して設定する');
  const recovery = await page.locator('ul.codes code').allInnerTexts();
  if (recovery.length < 8) throw new Error(`only ${recovery.length} recovery codes`);
  await chief.audit('factor-recovery', { pictures: false });
  house.say('set up a second factor');

  await chief.logOut();
  await chief.logIn(given.approver);
  await chief.isAt('/login/code');
  await chief.audit('code');
  await page.locator('#code').fill(codeOf(secret, 7));
  await page.locator('main button').click();
  await chief.reads('コードが違うか');
  // The present code was used up when the factor was set up; the next one is taken as well, half a minute early.
  await page.locator('#code').fill(codeOf(secret, 1));
  await page.locator('main button').click();
  await page.waitForURL('**/held');
  house.say('logged in with the code of the phone');

  await chief.logOut();
  await chief.logIn(given.approver);
  await page.locator('#code').fill(recovery[0]);
  await page.locator('main button').click();
  await page.waitForURL('**/held');
  house.say('logged in with a recovery code');
  const second = await house.guest();
  await second.logIn(given.approver);
  await second.page.locator('#code').fill(recovery[0]);
  await second.page.locator('main button').click();
  await second.reads('コードが違うか');
  house.say('a recovery code works once');

  await chief.open(`/held/${given.gas}`);
  const phones = page.locator('.column', { hasText: '電話番号' });
  await phones.getByRole('button', { name: /値を見る/ }).first().click();
  await page.locator('.opened').waitFor();
  await chief.reads(given.secrets[0]);
  await chief.readsNot(given.secrets[1]);
  await chief.audit('review-unmasked');
  house.say('looked at one value, and at no other');
  await chief.click('button', '受信者の見え方で表示する');
  await page.locator('.letter iframe').waitFor();
  const letter = page.frameLocator('.letter iframe').locator('body');
  if (!(await letter.innerText()).includes('12月の作業予定表をお送りします')) throw new Error('the letter cannot be read');
  await chief.audit('letter');
  house.say('read the letter as its recipient would');

  await chief.open(`/held/${given.gas}`);
  await page.locator('#comment').fill('先方と契約済みです。');
  await chief.click('button', '承認して送信する');
  await page.waitForURL('**/held/*?done=approve');
  await chief.reads('承認しました。', '先方と契約済みです。');
  await chief.audit('review-approved');
  house.say('approved');
}

/** A section chief rejects and says why. */
export async function rejected(house, given) {
  const chief = await house.guest();
  await chief.logIn(given.approver);
  await chief.open(`/held/${given.number}`);
  await chief.page.getByLabel(/^コメント（差出人に伝わります/).fill('宛先を確認してください。\n二行目');
  await chief.click('button', '却下する');
  await chief.page.waitForURL('**/held/*?done=reject');
  await chief.reads('却下しました。差出人に通知します。', '宛先を確認してください。');
  house.say('rejected');
  const sender = await house.guest();
  await sender.logIn(given.sender);
  await sender.open(`/held/${given.number}`);
  await sender.reads('却下', '宛先を確認してください。', '二行目');
  await sender.readsNot('/approve"');
  house.say('its sender reads why');
}

/** A sender takes a mail back, while a section chief has it open. */
export async function withdrawn(house, given) {
  const chief = await house.guest();
  await chief.logIn(given.approver);
  await chief.open(`/held/${given.number}`);
  const sender = await house.guest();
  await sender.logIn(given.sender);
  await sender.reads('自分が送ったメール');
  await sender.open(`/held/${given.number}`);
  await sender.readsNot('/approve"', '/reject"');
  await sender.click('button', '取り消す');
  await sender.page.waitForURL('**/held/*?done=withdraw');
  await sender.reads('取り消しました。メールは送信されません。');
  house.say('its sender took it back');
  await chief.click('button', '承認して送信する');
  await chief.reads('すでに判断が終わっています', '取消');
  await chief.audit('already-decided');
  house.say('an approval that comes too late changes nothing');
}

/** Two must say yes; one person counts once. */
export async function twoApprovers(house, given) {
  const [first, second] = [await house.guest(), await house.guest()];
  await first.logIn(given.approver);
  await first.open(`/held/${given.number}`);
  await first.reads('2人中0人が承認');
  await first.click('button', '承認して送信する');
  await first.reads('承認を記録しました', '2人中1人が承認');
  if ((await first.page.locator('.decide').count()) > 0) throw new Error('the first may decide a second time');
  await first.audit('review-first-of-two');
  house.say('the first has approved, the mail waits');
  await second.logIn(given.second);
  await second.open(`/held/${given.number}`);
  await second.reads('2人中1人が承認');
  await second.click('button', '承認して送信する');
  await second.reads('承認しました。');
  house.say('the second has approved');
}

/** Programs that open every link of every notice, with and without somebody's cookies, decide nothing; people get there. */
export async function scanned(house, given) {
  const [scanner, chief] = [await house.guest(), await house.guest()];
  await chief.logIn(given.approver);
  for (const link of given.links) {
    for (const guest of [scanner, chief]) {
      for (const what of ['', '?done=approve', '/approve', '/reject', '/withdraw', '/release-alone']) {
        await guest.open(link + what);
        await guest.readsNot('承認しました', '却下しました', '取り消しました');
      }
    }
  }
  house.say(`opened ${given.links.length} links in all ways, twice`);
  // From a webmail, which is another site: there the browser keeps a strict cookie back.
  const webmail = `data:text/html,<a href="${given.links[0]}">mail</a>`;
  await chief.page.goto(webmail);
  await chief.page.getByRole('link').click();
  await chief.page.waitForURL(given.links[0]);
  await chief.page.locator('.decide').waitFor();
  house.say('a link in a webmail opens the mail for whoever is logged in');
  await scanner.page.goto(webmail);
  await scanner.page.getByRole('link').click();
  await scanner.page.waitForURL((url) => url.pathname === '/login' && url.searchParams.has('next'));
  await scanner.page.locator('#account').fill(given.approver[0]);
  await scanner.page.locator('#password').fill(given.approver[1]);
  await scanner.click('button', 'ログイン');
  await scanner.page.waitForURL(given.links[0]);
  house.say('and for whoever logs in first');
}

/** An auditor finds a mail in the journal and takes the records along, for a spreadsheet and for a program. */
export async function exported(house, given) {
  const auditor = await house.guest({ acceptDownloads: true });
  const { page } = auditor;
  await auditor.logIn(given.auditor);
  await auditor.click('link', '送信記録');
  await page.locator('#person').fill(given.to);
  await auditor.click('button', '探す');
  await auditor.reads(given.to);
  for (const [name, marks] of [['CSV', [given.to, given.id]], ['JSON', [given.to, given.id]]]) {
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: new RegExp(`^${name}`) }).click();
    const text = readFileSync(await (await downloading).path(), 'utf8');
    const missing = marks.filter((mark) => !text.includes(mark));
    const shown = given.secrets.filter((secret) => text.includes(secret));
    if (missing.length + shown.length > 0) throw new Error(`${name} lacks ${missing}, shows ${shown}:\n${text.slice(0, 800)}`);
    house.say(`took the records along as ${name}`);
  }
}

/** A mail is dropped into the tester, and a text is typed into it; nothing of it is sent. */
export async function tried(house, given) {
  const chief = await house.guest();
  await chief.logIn(given.security);
  await chief.click('link', '規則を試す');
  await chief.page.getByLabel(/添付ファイル、またはメール/).setInputFiles(given.file);
  await chief.click('button', '試す');
  await chief.page.locator('.flash').waitFor();
  await chief.reads('試しただけです', given.subject, '12,000人', 'yamada@kita-hoan.example.com', '顧客');
  await chief.readsNot(...given.secrets, '/approve"');
  house.say('the tester says what would happen to the mail of the gas company');
  await chief.click('link', 'もう一度試す');
  await chief.page.locator('#to').fill('tanaka@gmai.com');
  await chief.page.locator('#text').fill('資料をお送りします。');
  await chief.click('button', '試す');
  await chief.page.locator('.flash').waitFor();
  await chief.reads('gmail.com');
  house.say('and to an address with a slip');
}

/** The queue is put in order, narrowed, and walked through by keys, of which none decides anything by itself. */
export async function byKeys(house, given) {
  const chief = await house.guest();
  const { page } = chief;
  const subjects = () => page.locator('.mails strong').allInnerTexts();
  const expect = (what, seen, wanted) => {
    if (JSON.stringify(seen) !== JSON.stringify(wanted)) throw new Error(`${what}: ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`);
  };
  const [gas, first, second, urgent] = ['12月の作業予定表', '年末調整の件 0', '年末調整の件 1', '作業員の健康診断の結果'];
  await chief.logIn(given.approver);
  expect('by deadline', await subjects(), [urgent, gas, first, second]);
  await chief.reads('要配慮個人情報・約1人分・似たドメイン', 'あと4時間', 'マイナンバー・約1人分', '約12,000人分');
  await chief.click('button', '探す');
  await page.locator('summary', { hasText: '並べ替えと絞り込み' }).click();
  await page.getByLabel('順番', { exact: true }).selectOption('人数の多い順');
  await chief.click('button', '探す');
  expect('by people', (await subjects())[0], gas);
  await page.getByLabel('人数', { exact: true }).selectOption('100人以上');
  await chief.click('button', '探す');
  expect('a hundred people or more', await subjects(), [gas]);
  await chief.audit('queue-narrowed');
  await page.getByLabel('人数', { exact: true }).selectOption('何人でも');
  await page.getByLabel('期限まで24時間以内').check();
  await chief.click('button', '探す');
  expect('less than 24 hours left', await subjects(), [urgent]);
  await chief.open('/held?part=waiting&only=hold');
  await chief.reads('見つかりませんでした');
  house.say('sorted and filtered');

  await chief.open('/held?part=waiting&sort=arrival');
  expect('by arrival', await subjects(), [urgent, second, first, gas]);
  const focused = () =>
    page.evaluate(() => document.activeElement.closest('.mails a')?.querySelector('strong').innerText ?? document.activeElement.id);
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await press('j', 'j');
  expect('j j', await focused(), second);
  await press('k', 'k', 'k');
  expect('k at the top', await focused(), urgent);
  await press('ArrowDown', 'x', 'j', 'x');
  expect('ticked', await page.locator('.mails input:checked').count(), 2);
  expect('the focus stays with the mail', await focused(), first);
  await press('/');
  expect('/', await focused(), 'q');
  await press('j', 'x', '?');
  expect('in a field, letters are letters', await page.locator('#q').inputValue(), 'jx?');
  await page.locator('#q').blur();
  await press('?');
  await page.locator('dialog[open]').waitFor();
  await chief.audit('keys');
  await press('j', 'x');
  await page.getByLabel('文字キーでの操作を使う').uncheck();
  await press('Escape');
  // The browser closes a dialog and takes the focus out of it in its own time; only then is a letter for the page.
  await page.waitForFunction(() => !document.querySelector('dialog[open]') && document.activeElement === document.body);
  await press('j');
  expect('switched off', await focused(), '');
  await chief.open('/held?part=waiting&sort=arrival');
  await press('j');
  expect('the browser remembers', await focused(), '');
  await press('?');
  await page.locator('dialog[open]').waitFor();
  await page.getByLabel('文字キーでの操作を使う').check();
  await chief.click('button', '閉じる');
  await page.locator('.mails a').first().focus();
  await press('j', 'j', 'j', 'Enter');
  await page.waitForURL(`**/held/${given.gas}`);
  house.say('walked by keys, and opened a mail');
  const at = page.url();
  await press('a');
  expect('a', await page.evaluate(() => document.activeElement.className), 'yes');
  await press('r');
  expect('r', await page.evaluate(() => document.activeElement.className), 'no');
  await press('a', 'r', 'x', 'j');
  if (page.url() !== at) throw new Error('a letter has decided');
  await press('u');
  await page.waitForURL('**/held');
  house.say('no letter decides');

  await chief.open('/held?part=waiting&sort=arrival');
  await press('j', 'j', 'x', 'j', 'x');
  await page.locator('.together summary').click();
  await page.getByLabel('理由', { exact: true }).fill('本人の同意を確認してください。');
  // By itself a browser sends the form with its first button, which approves.
  await page.locator('.mails input:checked').first().focus();
  await press('Enter');
  await page.locator('.together button.no').click();
  await chief.reads('判断の結果', '却下しました');
  expect('decided together', await page.locator('.mails .tag.good').count(), 2);
  await chief.audit('outcomes');
  house.say('two were rejected together');

  const plain = await house.guest({ javaScriptEnabled: false });
  await plain.logIn(given.approver);
  if (await plain.page.locator('button.keys').isVisible()) throw new Error('a button that does nothing');
  await plain.page.locator('summary', { hasText: '並べ替えと絞り込み' }).click();
  await plain.page.getByLabel('順番', { exact: true }).selectOption('人数の多い順');
  await plain.click('button', '探す');
  await plain.page.getByRole('link', { name: gas }).click();
  await plain.page.locator('.decide .yes').waitFor();
  await plain.open('/held?part=waiting');
  await plain.page.locator('.together summary').click();
  await plain.page.getByLabel('理由', { exact: true }).fill('先方に確認済み');
  // The button that Enter presses. One that takes no room on the page is passed over by WebKit, which no test has here.
  const pressed = plain.page.locator('form[action="/held/decide"] button[type=submit]').first();
  if (!(await pressed.boundingBox())) throw new Error('the button that decides nothing is not laid out');
  await plain.page.locator('.mails input').first().check();
  await plain.page.locator('.mails input').first().press('Enter');
  await plain.reads('まだ判断していません', '何も行いませんでした');
  house.say('all of it without a script, and Enter in a tick decides nothing');
}

/** A page that lies open tells what is new and moves nothing; it keeps nobody logged in. */
export async function toldOfNews(house, given) {
  const [chief, elsewhere] = [await house.guest(), await house.guest()];
  const { page } = chief;
  await chief.logIn(given.approver);
  await elsewhere.logIn(given.approver);
  // The page asks every half minute, and when somebody comes back to it.
  const until = async (text) => {
    for (let tries = 0; tries < 20; tries += 1) {
      await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
      await page.waitForTimeout(600);
      if ((await page.locator('.news').innerText()).includes(text)) return;
    }
    throw new Error(`the page does not tell: ${text}`);
  };
  await page.locator('#q').fill('まだ書いている');
  house.say('another mail is sent');
  await until('新しく1件届きました');
  house.say('another mail is sent');
  await until('新しく2件届きました');
  if ((await page.title()).indexOf('(2)') !== 0) throw new Error(await page.title());
  const kept = await page.evaluate(() => [document.activeElement.id, document.activeElement.value, document.querySelectorAll('.mails li').length]);
  if (kept.join() !== 'q,まだ書いている,1') throw new Error(`the page has moved: ${kept}`);
  await chief.audit('queue-news');
  await page.locator('.news a').click();
  await page.waitForFunction(() => document.querySelectorAll('.mails li').length === 3);
  house.say('told of two new mails, and opened them');
  await elsewhere.open('/me');
  await elsewhere.click('button', 'ほかの端末をすべてログアウトさせる');
  await until('ログインの有効期限が切れました');
  await page.locator('.news a').click();
  await page.waitForURL('**/login');
  house.say('told that the login is over');
}

/** Who is written to in English reads English; a choice on the page holds for the browser. */
export async function inTheirLanguage(house, given) {
  const smith = await house.guest();
  const { page } = smith;
  await smith.logIn(given.english);
  await smith.reads('Waiting for you', '資料の送付先について', 'lookalike domain');
  await smith.open(`/held/${given.lookalike}`);
  await smith.reads('Why it is held', 'Approve and send', 'Did you mean gmail.com?');
  await smith.click('button', '日本語');
  await smith.isAt(`/held/${given.lookalike}`);
  await smith.reads('承認して送信する');
  house.say('an English reader, who tried Japanese');
  const security = await house.guest();
  await security.open('/login');
  await security.reads('ログイン');
  await security.click('button', 'English');
  await security.isAt('/login');
  await security.reads('Mail address');
  await security.logIn(given.security);
  await security.reads('Waiting for you');
  house.say('a choice before logging in holds afterwards');
}

/** Every page of pages.mjs, for everybody's eyes; and what a printer makes of a mail's page. */
export async function everyPage(house, given) {
  const guests = new Map();
  for (const [who, account] of Object.entries(given.accounts)) {
    const guest = await house.guest({ locale: given.language });
    await guest.logIn(account);
    guests.set(who, guest);
  }
  guests.set(undefined, await house.guest());
  for (const { name, at, who, status = 200, then } of pages) {
    const guest = guests.get(who);
    const came = await guest.open(at.replaceAll(/\{(\w+)\}/g, (_, mail) => given.held[mail]));
    if (came !== status) throw new Error(`${name} came with ${came}, not ${status}`);
    await then?.(guest.page);
    await guest.audit(`${name}.${given.language}`);
    house.say(`${name} in ${given.language}`);
  }
  await printed(house, guests.get('approver'), given);
}

/** On paper: dark ink on white whatever the screen is like, everything open, nothing to press. */
async function printed(house, guest, given) {
  await guest.open(`/held/${given.held.gas}`);
  await guest.page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const paper = await guest.page.evaluate(() => {
    const seen = (one) => one.getClientRects().length > 0;
    const buttons = [...document.querySelectorAll('button, textarea, nav')].filter(seen);
    const shut = [...document.querySelectorAll('details:not([open]) > :not(summary)')].filter((one) => !one.checkVisibility());
    const style = getComputedStyle(document.body);
    return { ink: style.color, paper: style.backgroundColor, buttons: buttons.map((one) => one.outerHTML), shut: shut.length };
  });
  const light = (color) => color.match(/\d+/g).slice(0, 3).every((part) => Number(part) > 200);
  if (light(paper.ink) || !light(paper.paper)) throw new Error(`ink ${paper.ink} on paper ${paper.paper}`);
  if (paper.buttons.length > 0) throw new Error(`on paper, to be pressed: ${paper.buttons.join('\n')}`);
  if (paper.shut > 0) throw new Error(`${paper.shut} parts are folded away on paper`);
  await guest.shot(`print.${given.language}`);
  const pdf = await guest.page.pdf({ format: 'A4' });
  if (!pdf.subarray(0, 5).equals(Buffer.from('%PDF-'))) throw new Error('no PDF');
  house.say(`printed in ${given.language}`);
}
