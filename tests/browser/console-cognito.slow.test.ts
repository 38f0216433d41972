/** Logging in to the console as a user of an Amazon Cognito user pool. */
import type { RunningPool } from '../../packages/express/test/auth/cognito/support.js';
import { CLIENT, CLIENT_SECRET, PASSWORD, POOL, startPool } from '../../packages/express/test/auth/cognito/support.js';
import type { Browser } from './browser.js';
import { inBrowser, launch } from './browser.js';
import type { ConsoleDaemon } from './console-daemon.js';
import { configOf, startDaemon } from './console-daemon.js';
import { expectQuiet, fillLogin } from './console-world.js';

inBrowser('the console with a user pool', () => {
  let pool: RunningPool;
  let daemon: ConsoleDaemon;
  let browser: Browser;

  beforeAll(async () => {
    pool = await startPool();
    daemon = await startDaemon({
      ...{ AUTH_PROVIDER: 'cognito', COGNITO_USER_POOL_ID: POOL, COGNITO_APP_CLIENT_ID: CLIENT },
      ...{ COGNITO_APP_SECRET: CLIENT_SECRET, COGNITO_JWKS_URL: pool.jwksUrl },
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: pool.endpoint,
    });
    await daemon.applyByCommand(configOf());
    browser = await launch(daemon.port);
  });
  afterAll(async () => {
    await browser?.close();
    await daemon?.remove();
    await pool?.stop();
  });

  it('lets an administrator of the pool in by the same form', async () => {
    const watched = await browser.open(daemon.origin);
    const { page } = watched;
    await page.goto(`${daemon.origin}/console`);
    await fillLogin(page, 'root', PASSWORD);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByRole('link', { name: 'Users and sessions' }).click();
    await page.getByRole('heading', { name: 'Open sessions' }).waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it('says why a user of the pool cannot log in', async () => {
    const { page } = await browser.open(daemon.origin);
    await page.goto(`${daemon.origin}/console`);
    await fillLogin(page, 'newcomer', PASSWORD);
    await page
      .getByRole('alert')
      .getByText(/new password/)
      .waitFor();
    await page.close();
  });
});
