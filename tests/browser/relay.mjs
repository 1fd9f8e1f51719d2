// A way to a server that can be cut, as a laptop's network is: every connection ends, and none is taken until it is mended.
// Behind it another server may take the place of the first, as one that is started anew.

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** @param {string} url  Of the server behind it */
export async function startRelay(url) {
  const { hostname } = new URL(url);
  let { port } = new URL(url);
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set();
  let isCut = false;

  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [[near, far], [far, near]]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket) && other.destroy());
    }
    near.pipe(far).pipe(near);
  });
  await once(server.listen(0, hostname), "listening");

  // Whoever stops using it need not close it.
  server.unref();

  return {
    url: `http://${hostname}:${server.address().port}`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      isCut = false;
    },
    /** @param {string} url  Of the server that is behind it from now on */
    leadTo(url) {
      ({ port } = new URL(url));
    },
  };
}
