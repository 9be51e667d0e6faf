// A certified OAuth server (oidc-provider) with one protected resource, for
// tests on 127.0.0.1. Everything lives in memory and is gone when it ends.
//
//   PORT             port to listen on, 0 or unset = any free one
//   ACCESS_SECONDS   lifetime of an access token (300), exact to the second
//   DEVICE_INTERVAL  seconds between two polls that the device answer asks
//                    for (1); an empty value leaves the member out, and a
//                    client then has to assume 5
//
// When it is ready it prints one line of JSON on stdout. It ends when its
// stdin is closed: give it a pipe and keep the writing end, never /dev/null.
//
// THE HUMAN'S PART, for a driver with a cookie jar that follows no redirect
// by itself. Forms are application/x-www-form-urlencoded.
//
// Authorization code, for a native client always the same three requests:
//   1. GET  <authorization_endpoint>?…      303, Location: <base>/human/<uid>
//   2. POST <base>/human/<uid>              303, Location: <issuer>/auth/<uid>
//        decision=allow | deny    (no other field is needed)
//   3. GET  <issuer>/auth/<uid>             303, Location: <redirect_uri>?…
// The last Location holds code, state and iss, or after a denial
// error=access_denied, error_description, state and iss. Every answer may set
// cookies, and they are bound to a path, so the jar must keep to those paths.
// GET <base>/human/<uid> shows the form; a driver may leave that out.
// If step 1 answers with Location: <redirect_uri>?error=…, the request was
// refused before a human saw it; if it answers 400, the client or its
// redirect URI is wrong and the page (plain text) says why.
//
// Device flow, one request without cookies or redirects:
//   POST <verification_uri>                 200, plain text
//        user_code=<as shown>&decision=allow | deny
// An unknown, used or outdated code gets 400. GET shows the form, and
// verification_uri_complete shows it with the code filled in.
//
// The human is called "ada", or as the optional field name=… says. A jar that
// is logged in as one name must not come back with another.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider, errors } from 'oidc-provider';

// The library asks for Node 22 and says so on stderr. In Node 20 this function
// is all that it misses.
URL.parse ??= (url, base) => {
  try { return new URL(url, base); } catch { return null; }
};

// The library's notices go to console.info, but stdout belongs to our line.
console.info = console.error;

const API_SCOPES = ['notes.read', 'notes.write'];
const accessSeconds = Number(process.env.ACCESS_SECONDS || 300);
const deviceInterval = Number(process.env.DEVICE_INTERVAL ?? 1);

// The issuer's name holds the port, so the port has to be known first.
const server = createServer();
await new Promise((resolve, reject) => {
  server.once('error', reject);
  server.listen(Number(process.env.PORT || 0), '127.0.0.1', resolve);
});
const base = `http://127.0.0.1:${server.address().port}`;
const mount = '/oidc';
const issuer = `${base}${mount}`;
const resource = `${base}/mcp`;
const resourceMetadata = `${base}/.well-known/oauth-protected-resource/mcp`;
const serverMetadata = `${base}/.well-known/oauth-authorization-server${mount}`;

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'test' }] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  // Named here too, so that a client may register with them (RFC 7591 scope).
  scopes: ['openid', 'offline_access', ...API_SCOPES],
  responseTypes: ['code'],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  pkce: { required: () => true },
  clockTolerance: 0, // otherwise a token outlives its time by 15 seconds
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    registration: { enabled: true },
    // A client may revoke its own tokens. The library then ends all tokens of
    // the same grant, also when it was only an access token.
    revocation: {
      enabled: true,
      allowedPolicy: async (ctx, client, token) => token.clientId === client.clientId,
    },
    deviceFlow: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo(ctx, indicator) {
        if (indicator !== resource) throw new errors.InvalidTarget();
        return {
          audience: resource,
          scope: API_SCOPES.join(' '),
          accessTokenFormat: 'opaque',
        };
      },
    },
  },
  // With or without offline_access: the client has only to be allowed the
  // grant type. What the human granted does not end with a browser session.
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  expiresWithSession: async () => false,
  rotateRefreshToken: true,
  ttl: {
    AccessToken: accessSeconds,
    AuthorizationCode: 60,
    DeviceCode: 600,
    Grant: 86400,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 86400,
  },
  interactions: { url: (ctx, interaction) => `${base}/human/${interaction.uid}` },
  findAccount: async (ctx, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
  renderError(ctx, out) {
    ctx.type = 'text/plain';
    ctx.body = Object.entries(out).map(([k, v]) => `${k}: ${v}\n`).join('');
  },
});

// The library's device answer has no interval.
provider.use(async (ctx, next) => {
  await next();
  if (ctx.oidc?.route === 'device_authorization' && ctx.body?.device_code && deviceInterval) {
    ctx.body.interval = deviceInterval;
  }
});
provider.on('server_error', (ctx, error) => console.error(error));
// The client is told only that a grant is invalid; here is why.
provider.on('grant.error', (ctx, error) => {
  console.error(`refused at the token endpoint: ${error.error}, ${error.error_detail ?? error.error_description}`);
});

const oauth = provider.callback();

function send(res, status, body, headers = {}) {
  const json = typeof body !== 'string';
  res.writeHead(status, {
    'content-type': json ? 'application/json' : headers['content-type'] ?? 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  });
  res.end(json ? JSON.stringify(body) : body);
}

const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

function sendForm(res, title, fields) {
  send(res, 200, `<!doctype html><title>${title}</title><h1>${title}</h1>
<form method="post">${fields}
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button></form>
`, { 'content-type': 'text/html; charset=utf-8' });
}

async function readForm(req) {
  let body = '';
  for await (const chunk of req) body += chunk;
  return new URLSearchParams(body);
}

// Grants all that a request asked for.
async function grantAll({ accountId, clientId, params }) {
  const grant = new provider.Grant({ accountId, clientId });
  if (params.scope) {
    grant.addOIDCScope(params.scope);
    const forApi = params.scope.split(' ').filter((s) => API_SCOPES.includes(s)).join(' ');
    for (const indicator of [params.resource ?? []].flat()) {
      if (forApi) grant.addResourceScope(indicator, forApi);
    }
  }
  return grant.save();
}

async function authorizationPage(req, res) {
  let interaction;
  try {
    interaction = await provider.interactionDetails(req, res);
  } catch (error) {
    return send(res, 400, `${error.error_description ?? error.message}\n`);
  }
  const { params } = interaction;
  if (req.method !== 'POST') {
    return sendForm(res, `${escape(params.client_id)} asks for ${escape(params.scope ?? 'nothing')}`, '');
  }
  const form = await readForm(req);
  const decision = form.get('decision');
  if (decision === 'deny') {
    return provider.interactionFinished(req, res, {
      error: 'access_denied',
      error_description: 'the human said no',
    }, { mergeWithLastSubmission: false });
  }
  if (decision !== 'allow') return send(res, 400, 'decision must be allow or deny\n');

  // Login and consent in one answer, so that there is no second round.
  const accountId = form.get('name') || 'ada';
  const grantId = await grantAll({ accountId, clientId: params.client_id, params });
  return provider.interactionFinished(req, res, {
    login: { accountId },
    consent: { grantId },
  }, { mergeWithLastSubmission: false });
}

// Stands in for the library's own device pages, which take four requests, a
// session and a hidden field. It fills in the same members of the code.
async function devicePage(req, res, url) {
  if (req.method !== 'POST') {
    const code = escape(url.searchParams.get('user_code') ?? '');
    return sendForm(res, 'Connect a device', `<input name="user_code" value="${code}">`);
  }
  const form = await readForm(req);
  const decision = form.get('decision');
  if (decision !== 'allow' && decision !== 'deny') {
    return send(res, 400, 'decision must be allow or deny\n');
  }
  const typed = (form.get('user_code') ?? '').toUpperCase().replace(/\W/g, '');
  const code = typed && await provider.DeviceCode.findByUserCode(typed);
  if (!code || !code.isValid || code.error || code.accountId) {
    return send(res, 400, 'this code is unknown, used or outdated\n');
  }
  if (decision === 'deny') {
    Object.assign(code, { error: 'access_denied', errorDescription: 'the human said no' });
  } else {
    const accountId = form.get('name') || 'ada';
    const { clientId, params } = code;
    Object.assign(code, {
      accountId,
      grantId: await grantAll({ accountId, clientId, params }),
      authTime: Math.floor(Date.now() / 1000),
      scope: params.scope,
      resource: params.resource,
    });
  }
  await code.save();
  return send(res, 200, decision === 'allow' ? 'allowed\n' : 'denied\n');
}

async function protectedResource(req, res) {
  const value = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
  // Neither an expired nor a revoked token is found.
  const token = value && await provider.AccessToken.find(value);
  if (!token || token.aud !== resource) {
    const why = value ? ', error="invalid_token"' : '';
    return send(res, 401, { error: value ? 'invalid_token' : 'unauthorized' }, {
      'www-authenticate': `Bearer resource_metadata="${resourceMetadata}", scope="${API_SCOPES.join(' ')}"${why}`,
    });
  }
  return send(res, 200, { sub: token.accountId, client_id: token.clientId, scope: token.scope });
}

async function handle(req, res) {
  const url = new URL(req.url, base);
  switch (true) {
    case url.pathname === '/mcp':
      return protectedResource(req, res);
    case url.href === resourceMetadata:
      return send(res, 200, {
        resource,
        authorization_servers: [issuer],
        scopes_supported: API_SCOPES,
        bearer_methods_supported: ['header'],
      });
    case url.href === serverMetadata: {
      // RFC 8414 puts the well-known part before the issuer's path. That place
      // is outside of the mount, so the document is fetched from inside.
      const own = await fetch(`${issuer}/.well-known/openid-configuration`);
      return send(res, own.status, await own.json());
    }
    case url.pathname.startsWith('/human/'):
      return authorizationPage(req, res);
    case url.pathname === `${mount}/device`:
      return devicePage(req, res, url);
    case url.pathname.startsWith(`${mount}/`):
      // The library finds out where it is mounted by comparing the two.
      req.originalUrl = req.url;
      req.url = req.url.slice(mount.length);
      return oauth(req, res);
    default:
      return send(res, 404, 'nothing here\n');
  }
}

server.on('request', (req, res) => {
  handle(req, res).catch((error) => {
    console.error(error);
    if (!res.headersSent) send(res, 500, 'the test server failed, see its stderr\n');
  });
});

// Whoever started us holds the other end; when it goes, so do we.
process.stdin.on('end', () => process.exit(0));
process.stdin.on('close', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();

process.stdout.write(`${JSON.stringify({
  issuer,
  resource,
  resource_metadata: resourceMetadata,
  authorization_server_metadata: serverMetadata,
  device_page: `${issuer}/device`,
  access_seconds: accessSeconds,
  pid: process.pid,
})}\n`);
