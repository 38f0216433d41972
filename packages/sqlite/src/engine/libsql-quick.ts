/**
 * Loads `libsql` in a third of its time. Left alone it finds out which libc this is by a diagnostic report of the whole
 * process and by loading Node's child processes, which holds up the event loop. Here the common answer is tried instead, and
 * everything else is left to the package itself.
 */
import { createRequire } from 'node:module';

// Node 20: this file is needed only where Node has no database of its own.
/** Loads the package, where that can be done quickly. Never throws: whoever needs it loads it again. */
export function loadLibsqlQuickly(platform: NodeJS.Platform = process.platform, arch: string = process.arch): void {
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) return;
  const seeded: string[] = [];
  const outside = createRequire(import.meta.url);
  try {
    const inside = createRequire(outside.resolve('libsql'));
    const target = `linux-${arch}-gnu`;
    inside(`@libsql/${target}`); // throws on another libc
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
    // The package says better what is wrong.
  } finally {
    // Nobody else may get these answers.
    for (const file of seeded) Reflect.deleteProperty(outside.cache, file);
  }
}
