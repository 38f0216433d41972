/** The smallest child: answers each frame (length, id, bytes) with its own bytes. Its socket is file descriptor 3; with `ipc`, Node's own channel. */
import { Socket } from 'node:net';

if (process.argv[2] === 'ipc') process.on('message', (message) => process.send(message));
else serve(new Socket({ fd: 3 }));

function serve(socket) {
  let rest = Buffer.alloc(0);
  let answers = [];
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 8) {
      const end = at + 8 + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      if (answers.push(bytes.subarray(at, end)) === 1) {
        setImmediate(() => {
          socket.write(Buffer.concat(answers));
          answers = [];
        });
      }
      at = end;
    }
    rest = bytes.subarray(at);
  });
  socket.on('close', () => process.exit());
}
