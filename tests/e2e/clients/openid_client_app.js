// A web application on openid-client, and an API on oauth4webapi: each path does one thing that a relying party does, and shows the result as JSON.
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { beginning, serve } from './serve.js'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, METHOD, API_AUDIENCE, MACHINE_ID, MACHINE_SECRET } = process.env
const methods = { basic: client.ClientSecretBasic, post: client.ClientSecretPost }
const insecure = { execute: [client.allowInsecureRequests] }

const config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, methods[METHOD](CLIENT_SECRET), insecure)
let tokens
let pending

serve({
  async '/login'({ origin }) {
    const [expected, request] = await beginning(`${origin}/callback`)
    pending = expected
    return client.buildAuthorizationUrl(config, { ...request, scope: `${request.scope} orders:read` })
  },
  async '/callback'(url) {
    tokens = await client.authorizationCodeGrant(config, url, { ...pending, idTokenExpected: true })
    return { claims: tokens.claims(), scope: tokens.scope, supportsPKCE: config.serverMetadata().supportsPKCE() }
  },
  async '/userinfo'() {
    return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  },
  async '/refresh'() {
    const before = tokens
    tokens = await client.refreshTokenGrant(config, before.refresh_token)
    return { rotated: tokens.refresh_token !== before.refresh_token, before: before.claims(), after: tokens.claims() }
  },
  async '/introspect'() {
    const presented = [tokens.access_token, tokens.refresh_token, 'garbage']
    return Promise.all(presented.map((token) => client.tokenIntrospection(config, token)))
  },
  async '/revoke'() {
    await client.tokenRevocation(config, 'garbage')
    await client.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'refresh_token' })
    return {}
  },
  async '/api'() {
    const request = new Request('https://api.example.com/orders', { headers: { authorization: `Bearer ${tokens.access_token}` } })
    return oauth.validateJwtAccessToken(config.serverMetadata(), request, API_AUDIENCE, { [oauth.allowInsecureRequests]: true })
  },
  async '/machine'() {
    const machine = await client.discovery(new URL(ISSUER), MACHINE_ID, MACHINE_SECRET, methods[METHOD](MACHINE_SECRET), {
      ...insecure,
      algorithm: 'oauth2',
    })
    return client.clientCredentialsGrant(machine)
  },
  async '/logout'({ origin }) {
    const parameters = { post_logout_redirect_uri: `${origin}/bye`, id_token_hint: tokens.id_token, state: 'gone' }
    return client.buildEndSessionUrl(config, parameters)
  },
  async '/bye'(url) {
    return { state: url.searchParams.get('state') }
  },
})
