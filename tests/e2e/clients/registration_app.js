// An application that registers itself: with openid-client, and by the single steps of oauth4webapi.
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { beginning, privateKey, serve } from './serve.js'

// key: a private JWK, of an application that authenticates by it.
const { issuer, redirect_uri, initial_access_token, metadata, key } = JSON.parse(process.env.SETUP)
const METHODS = {
  client_secret_basic: client.ClientSecretBasic(),
  client_secret_post: client.ClientSecretPost(),
  private_key_jwt: key && client.PrivateKeyJwt(await privateKey(key)),
  none: client.None(),
}
const authentication = METHODS[metadata.token_endpoint_auth_method]
const insecure = { [oauth.allowInsecureRequests]: true }
let config
let tokens
let pending

function shown(answer) {
  tokens = answer
  return { ...tokens, claims: tokens.claims() }
}

serve({
  async '/register'() {
    const options = { initialAccessToken: initial_access_token, execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] }
    config = await client.dynamicClientRegistration(new URL(issuer), metadata, authentication, options)
    return config.clientMetadata()
  },
  async '/steps'(url) {
    const identifier = new URL(issuer)
    const as = await oauth.processDiscoveryResponse(identifier, await oauth.discoveryRequest(identifier, insecure))
    const initialAccessToken = url.searchParams.get('token') ?? initial_access_token
    const asked = { ...metadata, ...JSON.parse(url.searchParams.get('metadata') ?? '{}') }
    const response = await oauth.dynamicClientRegistrationRequest(as, asked, { initialAccessToken, ...insecure })
    return oauth.processDynamicClientRegistrationResponse(response)
  },
  async '/login'() {
    const [expected, request] = await beginning(redirect_uri)
    pending = expected
    return client.buildAuthorizationUrl(config, request)
  },
  async '/callback'(url) {
    return shown(await client.authorizationCodeGrant(config, new URL(redirect_uri + url.search), pending))
  },
  async '/refresh'() {
    return shown(await client.refreshTokenGrant(config, tokens.refresh_token))
  },
  async '/userinfo'() {
    return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  },
})
