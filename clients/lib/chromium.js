// Drives a headless Chromium over the DevTools protocol's pipe: JSON that ends with a NUL, on its descriptors 3 and 4.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const COMMAND = process.env.SLUICE_CLIENTS_CHROMIUM ?? "chromium";

/** Virtual key code and text of the keys that tests press. */
const KEYS = { Tab: [9], Enter: [13, "\r"], Escape: [27], " ": [32, " "] };

/** A browser with one page. */
export class Chromium {
  #process;
  #profile;
  #page;
  #last = 0;
  #waiting = new Map();

  /** Requests that the page has sent: method and address. */
  requests = [];

  /** What the page wrote to its console as an error, and what it threw. */
  errors = [];

  static async start() {
    const browser = new Chromium();
    browser.#profile = await mkdtemp(join(tmpdir(), "sluice-chromium-"));
    const options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
    browser.#process = spawn(
      COMMAND,
      [...options, "--remote-debugging-pipe", `--user-data-dir=${browser.#profile}`, "about:blank"],
      { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
    );
    browser.#process.on("error", (error) => browser.#fail(error));
    browser.#process.on("exit", (code) => browser.#fail(new Error(`${COMMAND} ended with ${code}`)));
    browser.#process.stdio[3].on("error", (error) => browser.#fail(error));
    browser.#listen();
    const { targetId } = await browser.#send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.#send("Target.attachToTarget", { targetId, flatten: true });
    browser.#page = sessionId;
    await Promise.all(["Page.enable", "Network.enable", "Runtime.enable"].map((method) => browser.command(method)));
    return browser;
  }

  /** Sends a command of the DevTools protocol to the page. */
  command(method, params = {}) {
    return this.#send(method, params, this.#page);
  }

  /** Opens an address and waits until it has loaded. */
  async open(address) {
    const { errorText } = await this.command("Page.navigate", { url: address });
    if (errorText) {
      throw new Error(`${address}: ${errorText}`);
    }
    await this.evaluate(
      "document.readyState === 'complete' || new Promise((loaded) => addEventListener('load', () => loaded(true)))",
    );
  }

  /** The value of an expression in the page; of a promise, what it resolves to. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.command("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  /** Chooses a file in the file input that the selector finds. */
  async choose(selector, file) {
    const { root } = await this.command("DOM.getDocument");
    const { nodeId } = await this.command("DOM.querySelector", { nodeId: root.nodeId, selector });
    await this.command("DOM.setFileInputFiles", { nodeId, files: [file] });
  }

  /** Presses a key as a person does, such as Tab, Enter, Escape or a letter; with Shift for { shift: true }. */
  async press(key, { shift = false } = {}) {
    const [code, text] = KEYS[key];
    const event = { key, code: key, windowsVirtualKeyCode: code, modifiers: shift ? 8 : 0 };
    await this.command("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", text, ...event });
    await this.command("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  /** Types a text where the focus is. */
  type(text) {
    return this.command("Input.insertText", { text });
  }

  /** Shows the page as in a window of this width; of a height too, or as high as its content is. */
  size(width, height = 900) {
    return this.command("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  }

  /** What the system asks for, such as { "prefers-color-scheme": "dark" }. */
  prefer(features) {
    const media = Object.entries(features).map(([name, value]) => ({ name, value }));
    return this.command("Emulation.setEmulatedMedia", { features: media });
  }

  /** A PNG of the whole page. */
  async screenshot() {
    const { data } = await this.command("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(data, "base64");
  }

  async close() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await ended;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #send(method, params, sessionId) {
    const id = ++this.#last;
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #listen() {
    let rest = Buffer.alloc(0);
    this.#process.stdio[4].on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
        this.#receive(JSON.parse(rest.subarray(0, end)));
        rest = rest.subarray(end + 1);
      }
    });
  }

  #receive({ id, error, result, method, params }) {
    if (id !== undefined) {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      return error ? reject(new Error(error.message)) : resolve(result);
    }
    if (method === "Network.requestWillBeSent") {
      this.requests.push({ method: params.request.method, url: params.request.url });
    } else if (method === "Runtime.exceptionThrown") {
      this.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    } else if (method === "Runtime.consoleAPICalled" && params.type === "error") {
      this.errors.push(params.args.map((argument) => argument.value ?? argument.description).join(" "));
    }
    return undefined;
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) {
      reject(error);
    }
    this.#waiting.clear();
  }
}
