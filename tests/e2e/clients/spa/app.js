// A single-page application on oidc-client-ts. settings.json holds what the test decides; `manager` is what it works with.
const { UserManager, WebStorageStateStore } = window.oidc
const settings = await (await fetch('/settings.json')).json()
const userStore = new WebStorageStateStore({ store: localStorage })

window.renewals = []
window.manager = new UserManager({ ...settings, userStore })
manager.events.addUserLoaded((user) => window.renewals.push(user.access_token))

document.querySelector('#sign-in').onclick = () => manager.signinRedirect()
document.querySelector('#sign-out').onclick = () => manager.signoutRedirect({ state: { then: 'home' } })
const callbacks = {
  '/callback': () => manager.signinRedirectCallback(),
  '/silent': () => manager.signinSilentCallback(),
  '/bye': async () => {
    const answer = await manager.signoutRedirectCallback()
    window.signedOutState = answer.userState
  },
}
await callbacks[location.pathname]?.()
if (location.pathname === '/callback') history.replaceState({}, '', '/')
const user = await manager.getUser()
document.querySelector('#state').textContent = user ? `signed in as ${user.profile.sub}` : 'signed out'
