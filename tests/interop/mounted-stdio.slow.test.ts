/** The steps of the suite on a server that is mounted over stdin and stdout. */
import { describeMounted } from './mounted.js';

describeMounted((home) => {
  const [command, args] = [process.execPath, home.args('--page-size', '10')];
  return Promise.resolve({ server: { command, args } });
});
