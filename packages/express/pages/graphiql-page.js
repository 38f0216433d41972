/* global GraphiQL, React, ReactDOM, document, location, window, FormData */
/** GraphiQL for the endpoint at the address of this page. The token of the user is kept in memory alone, as on the page /docs. */
const { security, root, nonce } = document.body.dataset;
const element = (id) => document.getElementById(id);

// GraphiQL gives it to the style elements that it creates, which the policy of the page forbids otherwise.
window.__webpack_nonce__ = nonce;

/** The address of this page without a slash at its end: where operations are sent to. */
const endpoint = location.href.replace(/[?#].*$/, '').replace(/\/$/, '');
const ACCEPTED = 'application/graphql-response+json, application/json, text/event-stream';

let token;
let app;

/** The results in a stream, as they come in. */
async function* read(body) {
  let rest = '';
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const [, type] = /^event: ?(.*)$/m.exec(block) ?? [];
      const [, data] = /^data: ?(.*)$/m.exec(block) ?? [];
      if (type === 'complete') return;
      if (type === 'next') yield JSON.parse(data);
    }
  }
}

/** The results of a subscription. Not the generator itself, which could be ended only between two results. */
function resultsOf(body, stopping) {
  const results = read(body);
  const over = { done: true, value: undefined };
  return {
    next: () => results.next().catch((error) => (stopping.signal.aborted ? over : Promise.reject(error))),
    async return() {
      stopping.abort();
      return over;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Sends an operation. @returns its result; the results of a subscription one after the other */
async function send(operation, { headers = {} } = {}) {
  const stopping = new AbortController();
  const answer = await fetch(endpoint, {
    method: 'POST',
    signal: stopping.signal,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
      accept: ACCEPTED,
      ...headers,
    },
    body: JSON.stringify(operation),
  });
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) return resultsOf(answer.body, stopping);
  if (answer.status === 401 && security !== 'none') askUser('Your session has ended. Log in again; your operations are kept.');
  return answer.json();
}

function open(username) {
  element('entry').hidden = true;
  element('bar').hidden = username === undefined;
  element('who').textContent = username ?? '';
  element('graphiql').hidden = false;
  app = ReactDOM.createRoot(element('graphiql'));
  const query = new URLSearchParams(location.search).get('query');
  app.render(
    React.createElement(GraphiQL, {
      fetcher: send,
      shouldPersistHeaders: false,
      ...(query === null ? {} : { query }),
    }),
  );
}

/** Shows the login. @param said what happened before */
function askUser(said = '') {
  token = undefined;
  app?.unmount();
  app = undefined;
  const byToken = security === 'token';
  element('graphiql').hidden = true;
  element('bar').hidden = true;
  element('entry').hidden = false;
  element('said').textContent = said;
  for (const name of ['username', 'password']) {
    element(`${name}-field`).hidden = byToken;
    element(name).required = !byToken;
  }
  element('token-field').hidden = !byToken;
  element('token').required = byToken;
  element(byToken ? 'token' : 'username').focus();
}

/** Logs in. @returns the token, or why there is none */
async function logIn({ username, password }) {
  const answer = await fetch(new URL(`${root}auth/login`, location.href), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  const { access_token, error_description } = await answer.json();
  return { token: access_token, problem: error_description };
}

element('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(event.target));
  const logged = security === 'token' ? { token: given.token } : await logIn(given);
  element('password').value = element('token').value = '';
  if (logged.token === undefined) {
    element('said').textContent = logged.problem;
    return;
  }
  token = logged.token;
  open(security === 'token' ? 'access token' : given.username);
});
element('leave').addEventListener('click', () => askUser());

if (security === 'none') open();
else askUser();
