/**
 * Loads `libsql` in a third of its time. Left alone it finds out which libc this is by a diagnostic report of the whole
 * process and by loading Node's child processes; for the first call that a host makes, that is a long wait. Here the common
 * answer is tried instead, and everything else is left to the package itself.
 */
import { createRequire } from 'node:module';

/** Whether this Node has a database of its own, and so needs no libsql. */
const hasOwn = (): boolean => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13);
};

/** Has the package loaded, if this Node needs it and it can be done quickly. Never throws: whoever needs it loads it again. */
export function loadLibsqlQuickly(platform: NodeJS.Platform = process.platform, arch: string = process.arch): void {
  if (hasOwn() || platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) return;
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
