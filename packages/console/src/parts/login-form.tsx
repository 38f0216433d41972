/** Logging in: with a password, or with a token from elsewhere. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { failureOf } from '../api/failure.js';
import { visible } from '../base/visible.js';
import { logInWith, logInWithToken } from '../state/session.js';

const MESSAGES: Readonly<Record<string, string>> = {
  missing: 'This server has no passwords. Paste a token instead.',
};

/** The form. The page that contains it disappears after a login. */
export function LoginForm(): JSX.Element {
  const [way, setWay] = useState<'password' | 'token'>(document.body.dataset['security'] === 'token' ? 'token' : 'password');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const [username, setUsername] = useState('');
  const [secret, setSecret] = useState('');

  async function submit(): Promise<void> {
    if (secret === '' || (way === 'password' && username === '')) {
      setProblem(way === 'password' ? 'Enter the username and the password.' : 'Paste a token.');
      return;
    }
    setBusy(true);
    setProblem('');
    try {
      await (way === 'password' ? logInWith(username, secret) : logInWithToken(secret));
    } catch (error) {
      const failure = failureOf(error);
      setProblem(MESSAGES[failure.kind] ?? failure.message);
      setBusy(false);
    }
  }

  function toWay(next: 'password' | 'token'): void {
    setWay(next);
    setSecret('');
    setProblem('');
  }

  return (
    <form
      class="login"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {way === 'password' && (
        <div class="field">
          <label for="login-username">Username</label>
          <input
            id="login-username"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            autofocus
            value={username}
            onInput={(event) => setUsername(event.currentTarget.value)}
          />
        </div>
      )}
      <div class="field">
        <label for="login-secret">{way === 'password' ? 'Password' : 'Token'}</label>
        <input
          key={way}
          id="login-secret"
          type="password"
          autocomplete={way === 'password' ? 'current-password' : 'off'}
          {...(way === 'token' ? { 'aria-describedby': 'login-about' } : {})}
          value={secret}
          onInput={(event) => setSecret(event.currentTarget.value)}
        />
        {way === 'token' && (
          <p class="muted small" id="login-about">
            A bearer token: from Amazon Cognito, from <code>mcp-daemon tokens</code>, or from a login elsewhere.
          </p>
        )}
      </div>
      <p class="problem" role="alert">
        {visible(problem)}
      </p>
      <button type="submit" class="button primary wide" disabled={busy}>
        {busy ? 'Logging in…' : 'Log in'}
      </button>
      <button type="button" class="link" onClick={() => toWay(way === 'password' ? 'token' : 'password')}>
        {way === 'password' ? 'Use a token instead' : 'Use a password instead'}
      </button>
      <p class="muted small">The token stays in this tab and is forgotten when you close it.</p>
    </form>
  );
}
