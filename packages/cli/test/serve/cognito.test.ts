import type { RunningPool } from '../../../express/test/auth/cognito/support.js';
import { CLIENT, CLIENT_SECRET, PASSWORD, POOL, startPool } from '../../../express/test/auth/cognito/support.js';
import { Place, toolsConfig } from '../support.js';

/** What is bundled is loaded in other ways than what the package is tested with. */
describe('a started daemon with a user pool', () => {
  const place = new Place();
  let pool: RunningPool;
  beforeAll(async () => {
    pool = await startPool();
    await place.write('mcp.json', toolsConfig('functions', 'one'));
    await place.write('functions.mjs', `export const one = () => 'one';`);
  });
  afterAll(async () => {
    place.remove();
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

  it('logs its users in, and knows them by their tokens', async () => {
    const child = place.start(['--store', 'memory'], { env: env() });
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

  it.each(['COGNITO_USER_POOL_ID', 'COGNITO_APP_CLIENT_ID'])('says that %s is missing', async (name) => {
    const { code, stderr } = await place.run([], { env: { ...env(), [name]: '' } });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`set ${name}`)]);
    expect(stderr).not.toContain(CLIENT_SECRET);
  });
});
