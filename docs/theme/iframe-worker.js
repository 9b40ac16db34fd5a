// A page that was opened from a disk may start no worker, and the site's search is
// one. There its script runs in a hidden frame instead. Over HTTP nothing changes.
if (location.protocol === "file:") {
  class FrameWorker extends EventTarget {
    #frame = document.createElement("iframe");
    #ready;

    constructor(url) {
      super();
      this.#frame.hidden = true;
      document.body.append(this.#frame);
      const inside = this.#frame.contentWindow;
      const send = (type, data) => {
        const event = new MessageEvent(type, { data });
        this.dispatchEvent(event);
        this[`on${type}`]?.(event);
      };
      // What the script calls as a worker would.
      inside.postMessage = (data) => send("message", data);
      inside.importScripts = (...urls) =>
        urls.reduce((before, next) => before.then(() => this.#load(next)), Promise.resolve());
      inside.addEventListener("error", (event) => send("error", event.error));
      this.#ready = this.#load(url);
    }

    #load(url) {
      return new Promise((done, failed) => {
        const script = this.#frame.contentDocument.createElement("script");
        script.src = new URL(url, document.baseURI).href;
        script.onload = done;
        script.onerror = () => failed(new Error(`cannot load ${script.src}`));
        this.#frame.contentDocument.body.append(script);
      });
    }

    postMessage(data) {
      const inside = this.#frame.contentWindow;
      this.#ready.then(() => inside.dispatchEvent(new inside.MessageEvent("message", { data })));
    }

    terminate() {
      this.#frame.remove();
    }
  }

  window.Worker = FrameWorker;
  // The search's script looks for this name to find its languages.
  window.IFrameWorker = FrameWorker;
}
