/** Measures what calls cost the process that makes them. */

/** Calls that run at once. */
const WINDOW = 64;
/** Calls before those that count. */
const WARM = 3_000;

/** Makes all calls, WINDOW at a time. @returns µs of CPU of this process per call */
export async function measure(call, calls) {
  let next = 0;
  const worker = async (end) => {
    while (next < end) {
      next += 1;
      await call(next);
    }
  };
  const all = (end) => Promise.all(Array.from({ length: WINDOW }, () => worker(end)));
  await all(WARM);
  const before = process.cpuUsage();
  await all(WARM + calls);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}
