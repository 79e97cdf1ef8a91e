// oidc-provider: JWT access tokens by resource indicators, opaque ones without; refresh tokens rotate; one person is signed on.

import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";
import { MapAdapter } from "./map_storage.mjs";

const CALLBACK = "https://app.example.com/callback";
const PERSON = "user|aB3dE5fG7hI9jK1lM3nO5p";
const SCOPE = "openid profile email offline_access";
const APIS = { "https://orders.example.com": "ES256", "https://orders-rs.example.com": "RS256" };
const port = Number(process.env.PORT);
const secret = randomBytes(32).toString("base64url");
const cookieKey = randomBytes(32).toString("base64url");

const key = (type, options, about) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }), use: "sig", ...about });
const app = (client_id, algorithm) => ({
  client_id,
  redirect_uris: [CALLBACK],
  response_types: ["code"],
  grant_types: ["authorization_code", "refresh_token"],
  token_endpoint_auth_method: "none",
  id_token_signed_response_alg: algorithm,
});
const machine = { client_id: "machine", client_secret: secret, redirect_uris: [], response_types: [], grant_types: ["client_credentials"] };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: MapAdapter,
  clients: [app("app", "ES256"), app("app-rs", "RS256"), machine],
  jwks: { keys: [key("ec", { namedCurve: "P-256" }, { alg: "ES256", kid: "ec" }), key("rsa", { modulusLength: 2048 }, { alg: "RS256", kid: "rsa" })] },
  cookies: { keys: [cookieKey] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (ctx, audience) => ({
        scope: "orders:read",
        audience,
        accessTokenFormat: "jwt",
        accessTokenTTL: 600,
        jwt: { sign: { alg: APIS[audience] } },
      }),
      // An access token for the API although openid was asked for, as the others issue.
      useGrantedResource: () => true,
    },
  },
  claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"] },
  // In the ID token too, as the others have it.
  conformIdTokenClaims: false,
  findAccount: (ctx, accountId) => ({
    accountId,
    claims: () => ({ sub: accountId, name: "Ada Lovelace", email: "ada.lovelace@example.com", email_verified: true }),
  }),
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  interactions: { url: () => "/never" },
  ttl: { AccessToken: 600, AuthorizationCode: 60, ClientCredentials: 600, Grant: 86400, IdToken: 3600, RefreshToken: 604800, Session: 86400 },
});

const session = new provider.Session({ accountId: PERSON, loginTs: Math.floor(Date.now() / 1000), amr: ["pwd"], acr: "1" });
for (const clientId of ["app", "app-rs"]) {
  const grant = new provider.Grant({ accountId: PERSON, clientId });
  grant.addOIDCScope(SCOPE);
  for (const api of Object.keys(APIS)) grant.addResourceScope(api, "orders:read");
  session.ensureClientContainer(clientId);
  session.grantIdFor(clientId, await grant.save(86400));
}
await session.save(86400);
const cookie = `_session=${session.jti}`;
const signature = createHmac("sha1", cookieKey).update(cookie).digest("base64url");

createServer(provider.callback()).listen(port, "127.0.0.1", () => {
  writeFileSync(process.env.SEED_FILE, JSON.stringify({ cookie: `${cookie}; _session.sig=${signature}`, secret }));
});
