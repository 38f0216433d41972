/** The suite for authorization servers: it prints a URL and waits for a browser, which is played here. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

const USER = { username: 'admin', password: 'admin123' }; // the defaults of a server on this machine

/** Opens a URL as a browser does: with cookies, and a form where a page has one. */
async function browse(start) {
  const cookies = new Map();
  let [url, fields] = [start, undefined];
  for (let left = 20; left > 0; left -= 1) {
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(fields === undefined ? {} : { method: 'POST', body: new URLSearchParams(fields) }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const next = answer.headers.get('location');
    const page = await answer.text();
    if (next !== null) [url, fields] = [new URL(next, url).href, undefined];
    else if (page.includes('name="password"')) fields = USER;
    else if (page.includes('value="allow"')) fields = { answer: 'allow' };
    else return; // the page of the suite
  }
  throw new Error(`the log-in does not end: ${url}`);
}

/** A port that nothing listens on, for the suite. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Registers a client that is sent back to a port. */
async function register(base, port) {
  const body = { redirect_uris: [`http://127.0.0.1:${port}/callback`], token_endpoint_auth_method: 'none' };
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${base}/oauth/register`, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await answer.json()).client_id;
}

/**
 * Runs the suite.
 *
 * @param executable the Node to run it with
 * @param suite the path of its program
 * @param base the URL of the server
 * @returns its output; it rejects where the suite says that something has failed
 */
export async function authorizationSuite(executable, suite, base) {
  const port = await freePort();
  const client = await register(base, port);
  const args = ['authorization', '--url', base, '--client-id', client, '--resource', `${base}/mcp`, '--port', String(port)];
  const child = spawn(executable, [suite, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let browsing;
  const read = (text) => {
    output += text;
    const [url] = /^http\S+\/oauth\/authorize\?\S+$/m.exec(output) ?? [];
    if (url !== undefined) browsing ??= browse(url).catch((error) => (output += error.stack));
  };
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  const timeout = setTimeout(() => child.kill('SIGKILL'), 120_000);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timeout);
  await browsing;
  if (code !== 0 || browsing === undefined) throw new Error(`the suite ended with ${code}:\n${output}`);
  return output;
}
