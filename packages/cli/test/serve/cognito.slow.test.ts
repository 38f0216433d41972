import type { RunningPool } from '../../../express/test/auth/cognito/support.js';
import { CLIENT, CLIENT_SECRET, PASSWORD, POOL, startPool } from '../../../express/test/auth/cognito/support.js';
import { TempFolder, toolsConfig } from '../support.js';

/** The bundle loads the AWS client in another way than the tests of the HTTP package. */
describe('a started daemon with a user pool', () => {
  const temp = new TempFolder();
  let pool: RunningPool;
  beforeAll(async () => {
    pool = await startPool();
    await temp.write('mcp.json', toolsConfig('functions', 'one'));
    await temp.write('functions.mjs', `export const one = () => 'one';`);
  });
  afterAll(async () => {
    temp.remove();
    await pool.stop();
  });

  const env = (): Record<string, string> => ({
    MCP_TRANSPORT: 'sse',
    PORT: '0',
    AUTH_PROVIDER: 'cognito',
    COGNITO_USER_POOL_ID: POOL,
    COGNITO_APP_CLIENT_ID: CLIENT,
    COGNITO_APP_SECRET: CLIENT_SECRET,
    COGNITO_JWKS_URL: pool.jwksUrl,
    AWS_ENDPOINT_URL: pool.endpoint,
  });

  it('users of the pool log in, and their tokens authenticate them', async () => {
    const child = temp.start(['--store', 'memory'], { env: env() });
    let said = '';
    const url = await new Promise<string>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('close', () => reject(new Error(`it has ended: ${said}`)));
    });
    const headers = { 'content-type': 'application/json' };
    const login = (password: string): Promise<Response> =>
      fetch(`${url}/auth/login`, { method: 'POST', headers, body: JSON.stringify({ username: 'bob', password }) });
    expect((await login('wrong')).status).toBe(401);
    const { access_token, id_token } = (await (await login(PASSWORD)).json()) as Record<string, string>;
    for (const token of [access_token, id_token]) {
      const me = await fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } });
      expect(await me.json()).toMatchObject({ username: 'bob', roles: ['user'], partitions: ['alpha', 'alpha#one'] });
    }
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(said).not.toContain(PASSWORD);
    expect(said).not.toContain(CLIENT_SECRET);
  });

  it.each(['COGNITO_USER_POOL_ID', 'COGNITO_APP_CLIENT_ID'])('a missing %s is reported', async (name) => {
    const { code, stderr } = await temp.run([], { env: { ...env(), [name]: '' } });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`needs ${name}: set it`)]);
    expect(stderr).not.toContain(CLIENT_SECRET);
  });
});
