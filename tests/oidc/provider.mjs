// The certified provider `oidc-provider` on loopback, with one page where a person says who they are.
//
//   node provider.mjs MODULES '{"port": …, "redirect": …, "inToken": false, "auto": null}'
//
// `redirect` is where Sekisho wants people back; with `inToken` the address stands in the ID token, not only at the
// userinfo endpoint; with `auto` the page is sent by itself for that account, as if it had been typed in. Its signing key
// is a new one at each start.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const [modules, json] = process.argv.slice(2);
const { port, redirect, inToken, auto } = JSON.parse(json);
const { default: Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));

const people = {
  kacho: { email: 'kacho@toho.example.co.jp', email_verified: true, name: '総務課長' },
  newcomer: { email: 'security@toho.example.co.jp', email_verified: false, name: 'somebody' },
  outsider: { email: 'kacho@toho.example.com', email_verified: true, name: 'somebody else' },
};
const client = (client_id) => ({
  client_id,
  client_secret: `the secret of ${client_id}`,
  redirect_uris: [redirect],
});
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const provider = new Provider(`http://localhost:${port}`, {
  clients: [client('sekisho'), client('another')],
  jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256', kid: randomUUID() }] },
  cookies: { keys: [randomUUID()] },
  claims: { openid: ['sub', 'amr'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: !inToken,
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  // Nobody is asked for consent, as in a company.
  async loadExistingGrant(ctx) {
    const { Grant } = ctx.oidc.provider;
    const grant = new Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const form =
  `<form method="post"><input name="account" value="${auto ?? ''}"><button>Log in</button></form>` +
  (auto ? '<script>document.forms[0].submit()</script>' : '');

async function interact(request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const account = new URLSearchParams(body).get('account');
  if (request.method !== 'POST') {
    response.setHeader('Content-Type', 'text/html');
    response.end(form);
  } else if (account === 'nobody') {
    await provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'cancelled' });
  } else {
    await provider.interactionFinished(request, response, { login: { accountId: account, amr: ['pwd', 'mfa'] } });
  }
}

createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) return provider.callback()(request, response);
  interact(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
}).listen(port, '127.0.0.1');
