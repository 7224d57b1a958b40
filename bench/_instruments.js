// Runs in every page a measurement opens, before the page's own code: times frames, handlers and what is shown.
// It changes nothing a page can see. performance.now() is coarse here: 0.1 ms.
(() => {
  const nextFrame = window.requestAnimationFrame.bind(window);
  const handlers = new WeakMap();
  const TIMED = /^(pointer|mouse|wheel|touch)/;
  const frames = [];
  const puts = [];
  const waits = [];
  const events = [];
  let isRecording = false;
  let scriptMs = 0;
  let depth = 0;
  let pressedAt = null;
  let numShown = 0;

  function timed(run) {
    return function (...args) {
      const start = performance.now();
      depth++;
      try {
        return run.apply(this, args);
      } finally {
        // A handler called by a handler is part of the outer one's time.
        if (--depth === 0) scriptMs += performance.now() - start;
      }
    };
  }

  window.requestAnimationFrame = (callback) => nextFrame(timed(callback));

  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (typeof listener !== "function" || !TIMED.test(type)) {
      return addEventListener.call(this, type, listener, options);
    }
    if (!handlers.has(listener)) handlers.set(listener, timed(listener));
    return addEventListener.call(this, type, handlers.get(listener), options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    const known = typeof listener === "function" && TIMED.test(type) ? handlers.get(listener) : undefined;
    return removeEventListener.call(this, type, known ?? listener, options);
  };

  for (const context of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
    const put = context.prototype.putImageData;
    context.prototype.putImageData = function (...args) {
      // The dirty rectangle: the whole picture, or the part that was named.
      if (isRecording) puts.push(args.length > 3 ? [args[5], args[6]] : [args[0].width, args[0].height]);
      return put.apply(this, args);
    };
  }

  function record(now) {
    if (!isRecording) return;
    frames.push([now, scriptMs]);
    scriptMs = 0;
    nextFrame(record);
  }

  // Frame callbacks run before a frame is painted; a message sent from one arrives right after.
  function afterPaint(run) {
    nextFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        run();
      };
      port2.postMessage(null);
    });
  }

  addEventListener.call(window, "keydown", (event) => (pressedAt = event.timeStamp), { capture: true });
  addEventListener.call(window, "pointerup", (event) => (pressedAt = event.timeStamp), { capture: true });

  window.bench = {
    start() {
      frames.length = puts.length = 0;
      scriptMs = 0;
      isRecording = true;
      nextFrame(record);
    },
    /**
     * [time of the frame, ms of script since the one before] of each frame, [width, height] of each put, and when
     * a key was pressed or the pointer released last.
     */
    stop() {
      isRecording = false;
      return { frames: frames.slice(1), puts: [...puts], pressedAt };
    },
    /** From the press that came last to the frame painted after now. */
    painted() {
      const since = pressedAt;
      afterPaint(() => {
        if (since !== null) waits.push([since, performance.now() - since]);
        numShown++;
      });
    },
    get numShown() {
      return numShown;
    },
    /** The frame painted after the next release of the pointer is told as what is shown. */
    watchRelease() {
      addEventListener.call(window, "pointerup", () => window.bench.painted(), { capture: true, once: true });
    },
    /** The frame with the next picture is told as what is shown: for pages that show an <img>. */
    watchPicture(selector) {
      const before = document.querySelector(selector)?.src;
      const look = () => {
        const picture = document.querySelector(selector);
        const isThere = picture && picture.src !== before && picture.complete && picture.naturalWidth > 0;
        if (isThere) window.bench.painted();
        else nextFrame(look);
      };
      nextFrame(look);
    },
    /** [time of the press, ms until what it led to was painted] of each. */
    takeWaits: () => waits.splice(0),
    /** Of those waits that the browser timed too: its ms, from the input to the frame presented. */
    timedByBrowser: (presses) =>
      presses.flatMap((at) => events.filter(([start]) => start === at).map(([, ms]) => ms).slice(0, 1)),
  };

  // The annotate page tells which region is on its canvas; the next one of the same box is told again.
  const watcher = new MutationObserver((changes) => {
    const isShown = changes.some(({ target }) => target.hasAttribute("data-region-bbox"));
    if (isShown) window.bench.painted();
  });
  watcher.observe(document, { subtree: true, attributes: true, attributeFilter: ["data-region-bbox"] });

  // The browser's own measure of an event: from the input to the frame presented, in steps of 8 ms, from 16 ms on.
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) events.push([startTime, duration]);
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
})();
