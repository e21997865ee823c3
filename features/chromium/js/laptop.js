// What a laptop goes through, for tests: its microphone is unplugged, its sockets break.
(() => {
  const tracks = new Set();
  const sockets = new Set();
  const gone = new WeakSet();
  let plugged = true;
  let broken = null;

  const devices = navigator.mediaDevices;
  if (devices) {
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      if (!plugged && wanted?.audio) throw new DOMException("Requested device not found", "NotFoundError");
      const stream = await ask(wanted);
      for (const track of stream.getAudioTracks()) tracks.add(track);
      return stream;
    };
    const list = devices.enumerateDevices.bind(devices);
    devices.enumerateDevices = async () => (await list()).filter((d) => plugged || d.kind !== "audioinput");
  }

  const clone = MediaStreamTrack.prototype.clone;
  MediaStreamTrack.prototype.clone = function () {
    const copy = clone.call(this);
    if (tracks.has(this)) tracks.add(copy);
    return copy;
  };

  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(url, protocols) {
      const address = String(url);
      super(broken !== null && address.includes(broken) ? "ws://127.0.0.1:9/" : address, protocols);
      sockets.add({ socket: this, address });
      for (const news of ["close", "message"]) {
        this.addEventListener(news, (e) => e.isTrusted && gone.has(this) && e.stopImmediatePropagation());
      }
    }
  };

  Object.defineProperty(window, "__laptop", {
    value: {
      unplug() {
        plugged = false;
        for (const track of tracks) {
          if (track.readyState === "ended") continue;
          track.stop(); // which, unlike a plug that is pulled, tells nobody
          track.dispatchEvent(new Event("ended"));
        }
        tracks.clear();
        devices.dispatchEvent(new Event("devicechange"));
      },
      plug() {
        plugged = true;
        devices.dispatchEvent(new Event("devicechange"));
      },
      cut(address) {
        broken = address;
        for (const s of sockets) {
          if (!s.address.includes(address)) continue;
          sockets.delete(s);
          gone.add(s.socket); // nothing of it is heard any more, not even the server's farewell
          s.socket.close();
          s.socket.dispatchEvent(new CloseEvent("close", { code: 1006, wasClean: false }));
        }
      },
      mend() {
        broken = null;
      },
    },
  });
})();
