// An OpenID Connect provider for tests: code flow, PKCE required, refresh tokens that rotate.
//
//   node server.js CONFIG.json
//
// CONFIG: {port, issuer?, tls?: {key, cert} (PEM files), clients: [...] (as oidc-provider takes
// them), people: {NAME: {claims}}, seconds?: {IdToken, RefreshToken, ...}}.
// Prints “ready” and its issuer when it listens. Whoever is in `people` signs in with that name and
// any password; PUT /_test/people replaces them, as an administrator of accounts would.
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';

import { Provider } from 'oidc-provider';

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const scheme = config.tls ? 'https' : 'http';
const issuer = config.issuer ?? `${scheme}://127.0.0.1:${config.port}`;
let people = config.people;

const provider = new Provider(issuer, {
  clients: config.clients,
  pkce: { required: () => true },
  conformIdTokenClaims: false,
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: [
      'name', 'given_name', 'family_name', 'preferred_username', 'groups', 'roles', 'realm_access',
      'policy',
    ],
  },
  scopes: ['openid', 'offline_access', 'profile', 'email'],
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  ttl: {
    AccessToken: 3600, AuthorizationCode: 60, Grant: 86400, IdToken: 3600, Interaction: 600,
    RefreshToken: 86400, Session: 86400, ...config.seconds,
  },
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: () => true,
  async findAccount(_ctx, id) {
    const claims = people[id];
    return claims && { accountId: id, claims: async () => ({ sub: id, ...claims }) };
  },
  // Nobody is asked for consent: the tests' clients are the organisation's own.
  async loadExistingGrant(ctx) {
    const { client, session, params } = ctx.oidc;
    const known = session.grantIdFor(client.clientId);
    const grant = (known && await provider.Grant.find(known))
      ?? new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope([...new Set(['openid', ...(params.scope ?? '').split(' ')])].join(' '));
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();

function respond(request, response) {
  if (request.method === 'PUT' && request.url === '/_test/people') {
    let body = '';
    request.on('data', (part) => { body += part; });
    request.on('end', () => {
      people = JSON.parse(body);
      response.writeHead(204).end();
    });
    return;
  }
  answer(request, response);
}

const server = config.tls
  ? https.createServer(
    { key: fs.readFileSync(config.tls.key), cert: fs.readFileSync(config.tls.cert) }, respond,
  )
  : http.createServer(respond);
server.listen(config.port, '127.0.0.1', () => console.log(`ready ${issuer}`));
