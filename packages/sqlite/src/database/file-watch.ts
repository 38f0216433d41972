/** Detects whether a database's file was removed or replaced since it was opened. */
import { identityOf } from '../journal/folder.js';

/** Watches the file of a database, and its -wal file while a connection is open. */
export interface FileWatch {
  /** Call it before the file is opened. */
  begin(): void;
  /** Whether both files are unchanged. @param connected whether a connection of this process is open */
  isSame(connected: boolean): boolean;
}

/** Creates a watch for a database's file. */
export function createFileWatch(file: string): FileWatch {
  let database: string | undefined;
  let wal: string | undefined;
  return {
    begin() {
      database = identityOf(file);
      wal = undefined;
    },
    isSame(connected) {
      if (identityOf(file) !== database) return false;
      if (!connected) {
        wal = undefined; // the last process that closes the database removes it
        return true;
      }
      const now = identityOf(`${file}-wal`);
      if (wal !== undefined && now !== wal) return false;
      wal = now;
      return true;
    },
  };
}
