/** The steps of the suite on a server that is mounted over Streamable HTTP. */
import { describeMounted } from './mounted.js';
import { serveHome } from './served.js';

describeMounted(async (home) => {
  const { http, stop } = await serveHome(home);
  return { server: { url: http }, stop };
});
