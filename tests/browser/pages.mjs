// The pages that everybody must be able to read: `everyPage` of stories.mjs opens each of them in both languages, both
// colour schemes and at both widths, asks axe about it and keeps its picture.
//
// A page is a line: what its picture is called, its address (`{gas}`, `{number}`, … stand for the ids of held mails that
// tests/it/browser.rs has made), who opens it (nobody without `who`), the status it comes with if not 200, and what is
// done on it before it is looked at.

export const pages = [
  { name: 'login', at: '/login' },
  { name: 'nowhere', at: '/nowhere', status: 404 },
  { name: 'queue', at: '/held?part=waiting', who: 'approver' },
  { name: 'queue-found', at: '/held?part=waiting&q=12', who: 'approver' },
  { name: 'queue-empty', at: '/held?part=waiting&q=none', who: 'approver' },
  { name: 'queue-security', at: '/held?part=waiting', who: 'security' },
  { name: 'queue-others', at: '/held?part=others', who: 'security' },
  { name: 'queue-own', at: '/held?part=own', who: 'sender' },
  { name: 'queue-done', at: '/held?part=done', who: 'security' },
  { name: 'queue-decide', at: '/held?part=waiting', who: 'approver', then: (page) => page.locator('.together summary').click() },
  { name: 'review', at: '/held/{gas}', who: 'approver' },
  { name: 'review-number', at: '/held/{number}', who: 'approver' },
  { name: 'review-lookalike', at: '/held/{lookalike}', who: 'security' },
  { name: 'review-exposed', at: '/held/{exposed}', who: 'security' },
  { name: 'review-urgent', at: '/held/{urgent}', who: 'approver' },
  { name: 'review-own', at: '/held/{gas}', who: 'sender' },
  { name: 'review-decided', at: '/held/{rejected}', who: 'sender' },
  { name: 'review-unknown', at: '/held/NONE', who: 'approver', status: 404 },
  {
    name: 'review-unmasked',
    at: '/held/{gas}',
    who: 'approver',
    then: async (page) => {
      await page.locator('button[name=place]').first().click();
      await page.locator('.opened').waitFor();
    },
  },
  {
    name: 'letter',
    at: '/held/{gas}',
    who: 'approver',
    then: async (page) => {
      await page.locator('button[formaction$="/letter"]').click();
      await page.locator('.letter').waitFor();
    },
  },
  { name: 'journal', at: '/journal', who: 'auditor' },
  { name: 'journal-found', at: '/journal?person=nencho@zeirishi.example.com', who: 'auditor' },
  { name: 'journal-broken-off', at: '/journal?text=broken_off', who: 'auditor' },
  { name: 'journal-odd', at: '/journal?since=yesterday&persons=many', who: 'auditor', status: 400 },
  { name: 'journal-charts', at: '/journal/charts', who: 'auditor' },
  { name: 'journal-report-empty', at: '/journal/report', who: 'auditor' },
  { name: 'journal-report', at: '/journal/report?id={gas}', who: 'auditor' },
  { name: 'journal-closed', at: '/journal', who: 'administrator', status: 403 },
  { name: 'approvers', at: '/approvers', who: 'security' },
  { name: 'approvers-drilled', at: '/approvers?drilled=1&days=7', who: 'security' },
  { name: 'rules', at: '/rules', who: 'administrator', then: (page) => page.locator('.rule summary').first().click() },
  { name: 'people', at: '/people', who: 'administrator' },
  { name: 'people-none', at: '/people?q=nobody', who: 'administrator' },
  { name: 'status', at: '/status', who: 'administrator' },
  { name: 'account', at: '/me', who: 'sender' },
  { name: 'trial', at: '/trial', who: 'security' },
  { name: 'trial-closed', at: '/trial', who: 'sender', status: 403 },
  {
    name: 'trial-judged',
    at: '/trial',
    who: 'security',
    then: async (page) => {
      await page.locator('#to').fill('yamada@kita-hoan.example.com');
      await page.locator('#text').fill('高橋 由美のマイナンバーは 123456789018 です。');
      await page.locator('main button[type=submit]').click();
      await page.locator('.flash').waitFor();
    },
  },
  {
    name: 'factor',
    at: '/me',
    who: 'sender',
    then: async (page) => {
      await page.locator('form[action="/me/factor"] button').click();
      await page.locator('svg').waitFor();
    },
  },
  {
    name: 'together-nothing',
    at: '/held?part=waiting',
    who: 'approver',
    then: async (page) => {
      await page.locator('.together summary').click();
      await page.locator('.together button.yes').click();
      await page.locator('main h1').waitFor();
    },
  },
];
