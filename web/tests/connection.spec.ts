import { connect, createServer, type Server, type Socket } from 'node:net';
import { expect, open, test } from './support';

/** Carries bytes to the server under test until it is cut. */
class Wire {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  port = 0;

  constructor(private readonly target: URL) {}

  async join(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(Number(this.target.port), this.target.hostname);
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => this.sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    const address = server.address();
    if (address && typeof address === 'object') this.port = address.port;
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

test.use({ allowErrors: [[/net::ERR_/], { scope: 'test' }] });

test('a lost connection is said, and resumes by itself', async ({ page, baseURL }) => {
  const wire = new Wire(new URL(baseURL ?? ''));
  await wire.join();
  await open(page, `http://127.0.0.1:${wire.port}/`);
  await wire.cut();
  await expect(page.locator('.banner.lost')).toContainText('Connection lost');
  // The last picture stays.
  await expect(page.locator('.map .node[data-key]').first()).toBeVisible();
  await wire.join();
  await expect(page.locator('.banner')).toHaveCount(0);
  await expect(page.locator('.connection')).toHaveAttribute('data-state', 'live');
  await wire.cut();
});
