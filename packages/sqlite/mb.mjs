import Database from 'libsql';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
const variants = process.argv.slice(2);
for (const v of variants) {
  const f = '/tmp/tasksprof/mb.db'; for (const s of ['', '-wal', '-shm']) rmSync(f + s, { force: true });
  const db = new Database(f);
  db.exec('PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL'); db.exec('PRAGMA journal_mode=WAL'); db.exec('PRAGMA synchronous=NORMAL'); db.exec('PRAGMA wal_autocheckpoint=4000');
  const wr = v.includes('wr') ? ' WITHOUT ROWID' : '';
  db.exec(`CREATE TABLE state (partition_key TEXT NOT NULL, state_key TEXT NOT NULL, version TEXT NOT NULL, expires_at INTEGER, value NOT NULL, PRIMARY KEY (partition_key, state_key))${wr}`);
  const ins = db.prepare(`INSERT INTO state (partition_key, state_key, version, expires_at, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT (partition_key, state_key) DO UPDATE SET version = excluded.version, expires_at = excluded.expires_at, value = excluded.value WHERE state.expires_at <= ?`);
  const upd = db.prepare('UPDATE state SET version = ?, expires_at = ?, value = ? WHERE partition_key = ? AND state_key = ? AND version = ? AND (expires_at IS NULL OR expires_at > ?)');
  const N = 40000, G = 64; const value1 = 'x'.repeat(v.includes('pad') ? 380 : 200), value2 = 'y'.repeat(380);
  const key = (i) => v.includes('seq') ? 'key/aaaaaaaaaaaaaaaaaaaaaa/' + String(i).padStart(43, '0') : v.includes('raw') ? 'key/anonymous/' + crypto.randomUUID() : v.includes('short') ? 'k/' + randomBytes(12).toString('base64url') : 'key/aaaaaaaaaaaaaaaaaaaaaa/' + randomBytes(32).toString('base64url');
  const c0 = process.cpuUsage(); let tRun = 0, tCommit = 0;
  for (let i = 0; i < N; i += G) {
    const keys = Array.from({ length: G }, (_, j) => key(i + j));
    let a = performance.now();
    db.exec('BEGIN IMMEDIATE'); 
    for (const k of keys) ins.run(['default', k, 'v1-' + i, 1e13, value1, Date.now()]);
    let b = performance.now(); tRun += b - a;
    db.exec('COMMIT'); a = performance.now(); tCommit += a - b;
    if (v.includes('noend')) continue;
    db.exec('BEGIN IMMEDIATE');
    for (const k of keys) upd.run(['v2-' + i, 1e13, value2, 'default', k, 'v1-' + i, Date.now()]);
    b = performance.now(); tRun += b - a;
    db.exec('COMMIT'); a = performance.now(); tCommit += a - b;
  }
  const c = process.cpuUsage(c0);
  console.log(v.padEnd(12), 'cpu us per key', ((c.user + c.system) / N).toFixed(1), 'user', (c.user / N).toFixed(1), 'run', (tRun / N * 1000).toFixed(1), 'commit', (tCommit / N * 1000).toFixed(1));
  db.close();
}
