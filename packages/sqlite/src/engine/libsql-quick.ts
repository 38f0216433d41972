/**
 * Loads `libsql` in a third of the time. To detect the libc, the package creates a diagnostic report of the whole process and
 * loads Node's child processes, which blocks the event loop. This code tries the common libc first. If that fails, the package
 * detects it by itself.
 */
import { createRequire } from 'node:module';

// Node 20: this file is needed only if Node has no built-in SQLite.
/** Loads the package, if that is possible quickly. Never throws: the normal loading comes afterwards. */
export function loadLibsqlQuickly(platform: NodeJS.Platform = process.platform, arch: string = process.arch): void {
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) return;
  const seeded: string[] = [];
  const outside = createRequire(import.meta.url);
  try {
    const inside = createRequire(outside.resolve('libsql'));
    const target = `linux-${arch}-gnu`;
    inside(`@libsql/${target}`); // throws if the libc is another one
    const answers = {
      '@neon-rs/load': { currentTarget: () => target },
      'detect-libc': { GLIBC: 'glibc', MUSL: 'musl', familySync: () => 'glibc' },
    };
    for (const [name, exports] of Object.entries(answers)) {
      const file = inside.resolve(name);
      if (inside.cache[file] !== undefined) continue;
      inside.cache[file] = {
        id: file,
        filename: file,
        loaded: true,
        exports,
        children: [],
        paths: [],
      } as unknown as NodeJS.Module;
      seeded.push(file);
    }
    outside('libsql');
  } catch {
    // The package itself has a better error message.
  } finally {
    // Other code must not get these fake answers.
    for (const file of seeded) Reflect.deleteProperty(outside.cache, file);
  }
}
