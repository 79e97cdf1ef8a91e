// An application and an API on oauth4webapi: pushed requests, tokens bound to a key, and what the API checks of them by itself.
import * as oauth from 'oauth4webapi'
import { serve } from './serve.js'

const { issuer, client_id, secret, redirect_uri, audience } = JSON.parse(process.env.SETUP)
const insecure = { [oauth.allowInsecureRequests]: true }
const identifier = new URL(issuer)
const as = await oauth.processDiscoveryResponse(identifier, await oauth.discoveryRequest(identifier, insecure))
const application = { client_id }
const authentication = oauth.ClientSecretBasic(secret)
const DPoP = oauth.DPoP(application, await oauth.generateKeyPair('ES256'))
const impostor = oauth.DPoP(application, await oauth.generateKeyPair('ES256'))
const nonces = []
let tokens
let pending

// The nonce that the server wants in the next proof comes with its refusal.
async function proven(send, read) {
  try {
    return await read(await send())
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    nonces.push(error.status)
    return read(await send())
  }
}

async function called(api, handle, scheme) {
  if (scheme) return fetch(api, { headers: { authorization: `${scheme} ${tokens.access_token}` } })
  return oauth.protectedResourceRequest(tokens.access_token, 'GET', api, undefined, undefined, { DPoP: handle, ...insecure })
}

serve({
  async '/login'() {
    pending = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() }
    const parameters = {
      response_type: 'code',
      redirect_uri,
      scope: 'openid email offline_access orders:read',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    }
    const { request_uri } = await proven(
      () => oauth.pushedAuthorizationRequest(as, application, authentication, parameters, { DPoP, ...insecure }),
      (response) => oauth.processPushedAuthorizationResponse(as, application, response),
    )
    return new URL(`${as.authorization_endpoint}?${new URLSearchParams({ client_id, request_uri })}`)
  },
  async '/callback'(url) {
    const answer = oauth.validateAuthResponse(as, application, url, pending.state)
    tokens = await proven(
      () => oauth.authorizationCodeGrantRequest(as, application, authentication, answer, redirect_uri, pending.verifier, { DPoP, ...insecure }),
      async (response) => {
        const checks = { expectedNonce: pending.nonce, requireIdToken: true }
        const processed = await oauth.processAuthorizationCodeResponse(as, application, response, checks)
        await oauth.validateApplicationLevelSignature(as, response, insecure)
        return processed
      },
    )
    return { ...tokens, claims: oauth.getValidatedIdTokenClaims(tokens), nonces }
  },
  async '/userinfo'() {
    const { sub } = oauth.getValidatedIdTokenClaims(tokens)
    const response = await oauth.userInfoRequest(as, application, tokens.access_token, { DPoP, ...insecure })
    return oauth.processUserInfoResponse(as, application, sub, response)
  },
  async '/refresh'() {
    tokens = await proven(
      () => oauth.refreshTokenGrantRequest(as, application, authentication, tokens.refresh_token, { DPoP, ...insecure }),
      async (response) => {
        const processed = await oauth.processRefreshTokenResponse(as, application, response)
        await oauth.validateApplicationLevelSignature(as, response, insecure)
        return processed
      },
    )
    return { ...tokens, claims: oauth.getValidatedIdTokenClaims(tokens) }
  },
  // The API, and calls to it: with the key, with another key, and with the token alone under either scheme.
  async '/api'(url, request) {
    const { sub, cnf, scope } = await oauth.validateJwtAccessToken(as, request, audience, { requireDPoP: true, ...insecure })
    return { sub, cnf, scope }
  },
  async '/calls'({ origin }) {
    const api = new URL('/api', origin)
    const responses = await Promise.all([called(api, DPoP), called(api, impostor), called(api, undefined, 'Bearer'), called(api, undefined, 'DPoP')])
    return Promise.all(responses.map((response) => response.json()))
  },
})
