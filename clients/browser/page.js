// A small application as one would write it with supabase-js and tus-js-client: a file, its progress, pause and resume.

const settings = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const client = window.supabase.createClient(settings.url, settings.key, { accessToken: async () => settings.token });
const storage = client.storage.from(settings.bucket);

const element = (id) => document.getElementById(id);
const show = (state) => (element("state").value = state);
const file = () => element("file").files[0];

let resumable;

element("upload").onclick = async () => {
  show("uploading");
  const { error } = await storage.upload(`${settings.folder}/plain.bin`, file());
  show(error ? `failed: ${error.message}` : "uploaded");
};

element("start").onclick = () => {
  resumable = new window.tus.Upload(file(), {
    endpoint: `${settings.url}/storage/v1/upload/resumable`,
    headers: { apikey: settings.key, authorization: `Bearer ${settings.token}`, "x-upsert": "true" },
    metadata: {
      bucketName: settings.bucket,
      objectName: `${settings.folder}/resumable.bin`,
      contentType: "application/octet-stream",
    },
    chunkSize: 1024 * 1024,
    uploadDataDuringCreation: true,
    onProgress: (sent, total) => (element("progress").value = (100 * sent) / total),
    onSuccess: () => show("uploaded"),
    onError: (error) => show(`failed: ${error.message}`),
  });
  show("uploading");
  resumable.start();
};

element("pause").onclick = async () => {
  show("pausing");
  await resumable.abort();
  show("paused");
};

element("resume").onclick = () => {
  show("uploading");
  resumable.start();
};

/** Resolves to the state once it is none of these. */
window.stateAfter = (...passing) =>
  new Promise((resolve) => {
    const check = () => passing.includes(element("state").value) || resolve(element("state").value);
    new MutationObserver(check).observe(element("state"), { childList: true, characterData: true, subtree: true });
    check();
  });

/** Clicks on Pause as soon as the progress shown reaches this many percent. */
window.pauseAt = (percent) => {
  const observer = new MutationObserver(() => {
    if (element("progress").value >= percent) {
      observer.disconnect();
      element("pause").click();
    }
  });
  observer.observe(element("progress"), { attributes: true });
};

/** The SHA-256 of what is stored under this name, read back with supabase-js. */
window.stored = async (name) => {
  const { data, error } = await storage.download(`${settings.folder}/${name}`);
  if (error) {
    throw error;
  }
  const hash = await crypto.subtle.digest("SHA-256", await data.arrayBuffer());
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};
