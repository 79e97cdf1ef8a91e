// What the programs here share: each path does one thing that a relying party does, and shows the result as JSON or goes to the URL that it is.
import http from 'node:http'
import * as client from 'openid-client'

const SUBTLE = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  Ed25519: { name: 'Ed25519' },
}

// routes: path to a function of the URL and the Request. Prints the origin once it listens.
export function serve(routes) {
  const server = http.createServer(async (incoming, response) => {
    const show = (result) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
    try {
      const request = await received(incoming)
      const url = new URL(request.url)
      const result = routes[url.pathname] ? await routes[url.pathname](url, request) : {}
      if (result instanceof URL) {
        response.writeHead(302, { location: result.href }).end()
      } else {
        show(result)
      }
    } catch (error) {
      show({ failed: { name: error.name, code: error.code, error: error.error, message: error.message, cause: String(error.cause) } })
    }
  })
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log(`http://localhost:${server.address().port}`))
}

async function received(incoming) {
  const body = Buffer.concat(await incoming.toArray())
  const { method, headers } = incoming
  return new Request(`http://${headers.host}${incoming.url}`, { method, headers, body: method === 'GET' ? undefined : body })
}

// The private key of a JWK that names its algorithm, with the kid that goes into headers.
export async function privateKey(jwk) {
  return { key: await crypto.subtle.importKey('jwk', jwk, SUBTLE[jwk.alg], false, ['sign']), kid: jwk.kid }
}

// What openid-client must expect in the end, and the authorization request that goes with it.
export async function beginning(redirect_uri) {
  const pending = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState(), expectedNonce: client.randomNonce() }
  const request = {
    redirect_uri,
    scope: 'openid profile email offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(pending.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: pending.expectedState,
    nonce: pending.expectedNonce,
  }
  return [pending, request]
}
