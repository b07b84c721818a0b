// Runs in the page before its own scripts: marks updates, and says when the picture is stable.

export function prepare() {
  const QUIET_MS = 1_500;
  let lastMove = 0;
  let firstNode = 0;

  // A delta's arrival is where an update begins.
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (type, listener, ...rest) {
    const marked =
      type === 'delta'
        ? (event) => {
            performance.mark('procnet-update');
            listener(event);
          }
        : listener;
    return listen.call(this, type, marked, ...rest);
  };

  const afterPaint = (then) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => then();
      channel.port2.postMessage(0);
    });

  const moved = ({ type, target, oldValue, attributeName }) =>
    type === 'attributes' &&
    target.matches('.world, .world > svg > g, .node .body') &&
    target.getAttribute(attributeName) !== oldValue;
  new MutationObserver((mutations) => {
    const entered = firstNode === 0 && document.querySelector('.map .node[data-key]') !== null;
    if (!entered && !mutations.some(moved)) return;
    afterPaint(() => {
      lastMove = performance.now();
      firstNode ||= lastMove;
    });
  }).observe(document, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeOldValue: true,
    attributeFilter: ['transform', 'style', 'x', 'y'],
  });

  window.procnetProbe = {
    /** How long after the scene's last byte the picture came to rest, in milliseconds. */
    async stable() {
      while (firstNode === 0 || performance.now() - lastMove < QUIET_MS) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const scene = performance
        .getEntriesByType('resource')
        .find(({ name }) => name.includes('/api/v1/scene'));
      return lastMove - (scene?.responseEnd ?? 0);
    },
    /** Where each node is on the screen. */
    places() {
      const places = {};
      for (const node of document.querySelectorAll('.map .node[data-key]')) {
        const body = node.querySelector('.body')?.getBoundingClientRect();
        if (body && !node.classList.contains('compact'))
          places[node.dataset.key] = [body.x, body.y];
      }
      return places;
    },
    drawn() {
      const count = (what) => document.querySelectorAll(what).length;
      return `${count('.map .node[data-key]')} nodes, ${count('.map .edge[data-key]')} edges`;
    },
    /** When an edge to `port` was painted, in milliseconds since the Unix epoch. */
    edgeTo(port) {
      return new Promise((resolve) => {
        const found = () => document.querySelector(`.map .edge[data-key$=":${port}/tcp"]`);
        const observer = new MutationObserver(() => {
          if (!found()) return;
          observer.disconnect();
          afterPaint(() => resolve(performance.timeOrigin + performance.now()));
        });
        observer.observe(document.querySelector('.map'), { subtree: true, childList: true });
      });
    },
  };
}
