// A way to the address of the tests that breaks off.

import { connect, createServer } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { url } from "./project.js";

const target = new URL(url);
const secure = target.protocol === "https:";
const port = Number(target.port || (secure ? 443 : 80));

/** The Host that belongs to the address, for requests that go the other way. */
export const host = target.host;

/**
 * Listens on a port of its own and passes everything on, but breaks the connection on which this many bytes have been
 * sent in all, once and without a word.
 */
export async function cutAfter(bytes) {
  let cuts = 0;
  let sent = 0;
  const server = createServer((client) => {
    const options = { host: target.hostname, port, servername: target.hostname };
    const backend = secure ? connectSecurely(options) : connect(options);
    client.on("data", (chunk) => {
      sent += chunk.length;
      if (cuts === 0 && sent > bytes) {
        cuts++;
        client.destroy();
        backend.destroy();
      }
    });
    client.pipe(backend).pipe(client);
    for (const [socket, other] of [[client, backend], [backend, client]]) {
      socket.on("error", () => other.destroy());
      socket.on("close", () => other.destroy());
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    get cuts() {
      return cuts;
    },
    close: () => server.close(),
  };
}
