/** `npm start`: set up, then the guided tour. */
import { run } from './lib.mjs';
import { setup } from './setup.mjs';

try {
  await setup();
  await run(process.execPath, ['examples/tour.mjs', ...process.argv.slice(2)]);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
