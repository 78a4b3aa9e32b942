// What a page can do without, but is better with: passkeys, the strength of passwords while they are typed, copying,
// times in the reader's own zone, uploads that show how far they are. Nothing here decides anything.

const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// Times, in the reader's zone and with its name.
for (const t of $$("time[datetime]:not(.told, .tick)")) {
  const d = new Date(t.dateTime);
  if (!isNaN(d)) {
    t.title = t.textContent;
    t.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(d) + " " +
      (new Intl.DateTimeFormat(document.documentElement.lang, { timeZoneName: "short" }).formatToParts(d).find(p => p.type === "timeZoneName")?.value ?? "");
  }
}

// Below a chart there is little room. What somebody has told, with its zone (.told), stays as it was told.
for (const t of $$("time.tick")) {
  const d = new Date(t.dateTime);
  if (!isNaN(d)) t.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(d);
}

// The window of a chart, by two sliders on one line; the fields go with them.
for (const f of $$("form[data-window]")) {
  const first = +f.dataset.first, last = +f.dataset.last, step = Math.max((last - first) / 500, 1), box = document.createElement("div");
  box.className = "slider";
  const local = t => new Date(t - new Date(t).getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  const ends = ["from", "to"].map(key => {
    const field = f.elements[key], label = field.closest("label"), slide = document.createElement("input"), sent = document.createElement("input");
    Object.assign(slide, { type: "range", min: 0, max: 500, step: 1, value: Math.round((+f.dataset[key] - first) / step), ariaLabel: label.firstChild.textContent });
    Object.assign(sent, { type: "hidden", name: key, value: new Date(+f.dataset[key]).toISOString().slice(0, 19) + "Z" });
    field.removeAttribute("name"); // it is in the reader's zone from now on, and what is sent says which
    field.value = local(+f.dataset[key]);
    const set = t => { if (!isNaN(t)) sent.value = new Date(t).toISOString().slice(0, 19) + "Z"; };
    field.addEventListener("input", () => set(new Date(field.value).getTime()));
    box.append(slide); f.append(sent);
    return { slide, field, set };
  });
  const [from, to] = ends;
  for (const end of ends) {
    end.slide.addEventListener("input", () => {
      if (+from.slide.value >= +to.slide.value) end.slide.value = end === from ? +to.slide.value - 1 : +from.slide.value + 1;
      const t = first + +end.slide.value * step;
      end.field.value = local(t); end.set(t);
    });
    end.slide.addEventListener("change", () => f.requestSubmit());
  }
  f.prepend(box);
}

// Acts that are asked about once more.
for (const f of $$("form[data-confirm]")) {
  f.addEventListener("submit", e => { if (!confirm(f.dataset.confirm)) e.preventDefault(); });
}

// A form is sent once.
for (const f of $$("form[method=post]")) {
  f.addEventListener("submit", e => {
    if (f.dataset.sent) e.preventDefault();
    else if (!e.defaultPrevented) { f.dataset.sent = "1"; setTimeout(() => delete f.dataset.sent, 4000); }
  });
}

// The token of an invitation stands behind the # of its link, which browsers send to nobody.
for (const f of $$("form[data-fragment]")) {
  const token = location.hash.slice(1);
  if (/^[A-Za-z0-9_-]{20,}$/.test(token)) {
    history.replaceState(null, "", location.pathname + location.search);
    f.elements[f.dataset.fragment].value = token;
    f.submit();
  }
}

// Copying.
for (const el of $$("[data-copy]")) {
  if (!navigator.clipboard) break;
  const ja = document.documentElement.lang === "ja";
  const b = document.createElement("button");
  b.type = "button"; b.className = "small noprint copied"; b.textContent = ja ? "コピー" : "Copy";
  const text = () => $$("li", el).map(li => li.textContent).join("\n") || el.textContent;
  b.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    b.textContent = ja ? "コピーしました" : "Copied";
  });
  el.after(b);
}
for (const b of $$("[data-print]")) { b.hidden = false; b.addEventListener("click", () => print()); }

// Previews that are being made come a little later.
for (const img of $$(".gallery img")) {
  let tries = 0;
  const again = () => {
    img.classList.add("waits");
    if (++tries > 30) {
      const none = document.createElement("span");
      none.className = "blank"; none.textContent = img.closest("[data-said-none]").dataset.saidNone;
      img.replaceWith(none);
      return;
    }
    setTimeout(() => { img.src = img.src.replace(/&try=\d+$/, "") + "&try=" + tries; }, 1000 + 500 * Math.min(tries, 8));
  };
  img.addEventListener("error", again);
  img.addEventListener("load", () => img.classList.remove("waits"));
  if (img.complete && !img.naturalWidth && img.currentSrc) again();
}

// Passkeys.
const able = window.isSecureContext && !!window.PublicKeyCredential;
for (const el of $$("[data-needs=passkey]")) el.hidden = !able;
for (const el of $$("[data-lacks=passkey]")) el.hidden = able;

const bytes = s => Uint8Array.from(atob(s.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
const text = b => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function passkey(how, o) {
  o.challenge = bytes(o.challenge);
  if (o.user) o.user.id = bytes(o.user.id);
  for (const list of [o.allowCredentials, o.excludeCredentials]) for (const c of list ?? []) c.id = bytes(c.id);
  const c = how === "create" ? await navigator.credentials.create({ publicKey: o }) : await navigator.credentials.get({ publicKey: o });
  const r = c.response;
  const response = { clientDataJSON: text(r.clientDataJSON), authenticatorData: text(how === "create" ? r.getAuthenticatorData() : r.authenticatorData) };
  if (how === "create") {
    response.publicKey = text(r.getPublicKey());
    response.publicKeyAlgorithm = r.getPublicKeyAlgorithm();
  } else {
    response.signature = text(r.signature);
    if (r.userHandle) response.userHandle = text(r.userHandle);
  }
  return JSON.stringify({ id: c.id, rawId: text(c.rawId), type: c.type, response });
}

for (const f of $$("form[data-passkey]")) {
  if (!able) continue;
  f.hidden = false;
  const said = f.querySelector("[role=alert]");
  const start = async () => {
    said.hidden = true;
    try {
      f.elements.credential.value = await passkey(f.dataset.passkey, JSON.parse(f.dataset.options));
      f.submit();
    } catch {
      said.textContent = said.dataset.said;
      said.hidden = false;
    }
  };
  f.querySelector("button").addEventListener("click", start);
  if (f.dataset.passkey === "get" && !document.querySelector("input[name=code]")) start();
}

// The strength of a password, as the server sees it: it knows what was stolen elsewhere, and our names.
for (const input of $$("input[data-strength]")) {
  const f = input.form, meter = f.querySelector("meter"), say = f.querySelector(".strength"), about = say.textContent;
  const words = say.dataset.words.split("|");
  let wait, asked = 0;
  input.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(async () => {
      if (!input.value) { meter.hidden = true; say.textContent = about; return; }
      const n = ++asked;
      const body = new URLSearchParams({ csrf: f.elements.csrf.value, password: input.value });
      const ticket = f.elements.ticket?.value;
      if (ticket) { body.set("ticket", ticket); body.set("token", ticket); }
      const r = await fetch("/strength", { method: "POST", body }).catch(() => null);
      if (!r?.ok || n !== asked) return;
      const s = await r.json();
      meter.hidden = false; meter.value = s.score;
      say.textContent = words[s.ok ? Math.max(s.score, 3) : Math.min(s.score, 2)] + (s.ok ? "" : " – " + (s.why ?? s.advice?.[0] ?? ""));
    }, 250);
  });
}

// Uploads: one after the other, each with a bar. What broke off is tried again.
for (const f of $$("form[data-upload]")) {
  const input = f.querySelector("input[type=file]"), list = f.querySelector(".progress");
  const put = (file, bar) => new Promise((done, failed) => {
    const x = new XMLHttpRequest();
    x.open("PUT", f.dataset.upload + "/" + encodeURIComponent(file.name));
    x.setRequestHeader("Content-Type", "application/octet-stream");
    x.setRequestHeader("Azekura-Modified", new Date(file.lastModified).toISOString());
    x.upload.onprogress = e => { if (e.lengthComputable) bar.value = e.loaded / e.total; };
    x.onload = () => x.status < 300 ? done() : failed(new Error((() => { try { return JSON.parse(x.responseText).message; } catch { return f.dataset.saidFailed; } })()));
    x.onerror = () => failed(null);
    x.send(file);
  });
  // Large files go in parts, and go on where they broke off: after a lost connection, and after the page was closed.
  const tus = async (file, bar) => {
    const path = decodeURIComponent(f.dataset.upload.replace(/^\/v1\/files/, "")) + "/" + file.name;
    const memory = "upload " + path + " " + file.size + " " + file.lastModified;
    const b64 = s => btoa(String.fromCharCode(...new TextEncoder().encode(s)));
    const ask = (method, url, headers, body) => fetch(url, { method, headers: { "Tus-Resumable": "1.0.0", ...headers }, body }).catch(() => null);
    let url = localStorage.getItem(memory), at = null;
    for (let tries = 0; tries < 8;) {
      if (tries) await new Promise(r => setTimeout(r, Math.min(1000 << tries, 30000)));
      if (!url) {
        const r = await ask("POST", "/v1/uploads", { "Upload-Length": file.size, "Upload-Metadata": "path " + b64(path) + ",modified " + b64(new Date(file.lastModified).toISOString()) });
        if (!r) { tries++; continue; }
        if (r.status !== 201) throw new Error((await r.json().catch(() => ({}))).message);
        url = r.headers.get("Location"); at = 0;
        localStorage.setItem(memory, url);
      }
      if (at === null) {
        const r = await ask("HEAD", url, {});
        if (!r) { tries++; continue; }
        if (r.status !== 200) { url = null; localStorage.removeItem(memory); continue; }
        at = +r.headers.get("Upload-Offset");
      }
      if (at === file.size) break;
      const part = file.slice(at, at + (16 << 20));
      const r = await ask("PATCH", url, { "Upload-Offset": at, "Content-Type": "application/offset+octet-stream" }, part);
      if (r?.status === 204) { at += part.size; bar.value = at / file.size; tries = 0; if (at === file.size) break; continue; }
      if (r && r.status !== 409 && r.status !== 423 && r.status < 500) { localStorage.removeItem(memory); throw new Error((await r.json().catch(() => ({}))).message); }
      at = null; tries++;
    }
    if (at !== file.size) throw null;
    localStorage.removeItem(memory);
  };
  const all = async files => {
    let failed = 0;
    f.closest("details").open = true;
    for (const file of files) {
      const li = document.createElement("li"), bar = document.createElement("progress");
      bar.max = 1; bar.value = 0; bar.ariaLabel = file.name;
      li.append(file.name, bar); list.append(li);
      for (let tries = 0; ; tries++) {
        try { await (file.size > 8 << 20 ? tus(file, bar) : put(file, bar)); bar.value = 1; break; } catch (e) {
          if (e === null && tries < 3) { await new Promise(r => setTimeout(r, 2000 << tries)); continue; }
          failed++; li.append(" " + (e?.message || f.dataset.saidFailed)); li.className = "wrong"; break;
        }
      }
    }
    if (!failed) location.reload();
  };
  f.addEventListener("submit", e => { e.preventDefault(); e.stopImmediatePropagation(); all(input.files); }, true);
  // Files may be dropped anywhere on the page: beside the form the browser would show one, and the page were gone.
  const carries = e => e.dataTransfer.types.includes("Files");
  for (const type of ["dragover", "dragenter"]) document.addEventListener(type, e => { if (carries(e)) { e.preventDefault(); f.closest("details").classList.add("over"); } });
  document.addEventListener("dragleave", e => { if (!e.relatedTarget) f.closest("details").classList.remove("over"); });
  document.addEventListener("drop", e => { if (carries(e)) { e.preventDefault(); f.closest("details").classList.remove("over"); all(e.dataTransfer.files); } });
}
