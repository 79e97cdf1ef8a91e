// An application on openid-client that does what its registration asks for beyond the plain code flow; SETUP says what that is.
import * as client from 'openid-client'
import { beginning, privateKey, serve } from './serve.js'

// dpop: the algorithm of its proofs. signs, pushes: its authorization requests. key: a private JWK, by which it also authenticates if it has no secret.
const { issuer, client_id, secret, key, dpop, signs, pushes, redirect_uri, parameters, api } = JSON.parse(process.env.SETUP)

const signingKey = key && (await privateKey(key))
const authentication = secret ? client.ClientSecretBasic(secret) : key ? client.PrivateKeyJwt(signingKey) : client.None()
const traffic = []
let tokenRequest
const config = await client.discovery(new URL(issuer), client_id, undefined, authentication, {
  execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
})
config[client.customFetch] = async (url, options) => {
  const response = await fetch(url, options)
  const { error = '' } = response.ok ? {} : await response.clone().json()
  const path = new URL(url).pathname
  traffic.push(`${path} ${response.status} ${error}`.trim())
  tokenRequest = path === '/oauth/token' ? [url, options] : tokenRequest
  return response
}
const proof = dpop ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair(dpop)) } : {}
let tokens
let pending
let device

function shown(answer) {
  tokens = answer
  return { ...tokens, claims: tokens.claims() }
}

serve({
  async '/login'() {
    const [expected, plain] = await beginning(redirect_uri)
    const request = { ...plain, ...parameters }
    pending = expected
    const url = signs ? await client.buildAuthorizationUrlWithJAR(config, request, signingKey) : client.buildAuthorizationUrl(config, request)
    return pushes ? client.buildAuthorizationUrlWithPAR(config, url.searchParams, proof) : url
  },
  async '/callback'(url, request) {
    // Behind a proxy, as it were: the redirect URI may be an https address that this program does not listen at.
    const answer = request.method === 'POST' ? request : new URL(redirect_uri + url.search)
    return shown(await client.authorizationCodeGrant(config, answer, pending, undefined, proof))
  },
  async '/userinfo'() {
    return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, proof)
  },
  async '/refresh'(url) {
    return shown(await client.refreshTokenGrant(config, url.searchParams.get('refresh_token') ?? tokens.refresh_token, undefined, proof))
  },
  async '/api'() {
    const response = await client.fetchProtectedResource(config, tokens.access_token, new URL(api), 'GET', undefined, undefined, proof)
    return { status: response.status, body: await response.json() }
  },
  async '/machine'() {
    return shown(await client.clientCredentialsGrant(config, undefined, proof))
  },
  async '/repeat'() {
    const response = await fetch(...tokenRequest)
    return { status: response.status, body: await response.json() }
  },
  async '/device'() {
    device = await client.initiateDeviceAuthorization(config, { scope: 'openid email offline_access' })
    return device
  },
  async '/device/tokens'() {
    return shown(await client.pollDeviceAuthorizationGrant(config, device, undefined, proof))
  },
  async '/traffic'() {
    return traffic.splice(0)
  },
})
