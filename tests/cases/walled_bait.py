"""Pages with every way known to us in which a page makes a browser connect somewhere."""

from __future__ import annotations

from tests.cases.walled_world import CANARIES, has_ipv6


def inside() -> list[str]:
    """The canaries as addresses; the queue server's port stands for all that are not the web's."""
    urls = [f"http://{host}" for host in CANARIES] + ["http://127.0.0.1:6379", "http://10.0.0.1:6379"]
    return [url for url in urls if has_ipv6() or "[" not in url]


def baits() -> list[str]:
    """Fewer, because each is tried in fifty ways and the browser does them one after the other."""
    kept = ("127.0.0.1", "[::1]", "169.254.169.254", "127.0.0.1:6379")
    return [url for url in inside() if url.removeprefix("http://") in kept]


def hostile_page() -> str:
    """Every way known to us in which a page makes a browser connect, each to every canary."""
    ways = "".join(f"<div>{WAYS.replace('@', url)}</div>" for url in baits())
    scripts = "".join(f"tryAll({url!r});" for url in baits())
    return f"""<!doctype html><html><head><title>Bait</title>
<meta http-equiv="refresh" content="1;url=http://127.0.0.1/refresh">
<meta http-equiv="refresh" content="2;url=http://[::1]/refresh"></head><body><p>Bait</p>
{ways}<script>{SCRIPT}{scripts}
setTimeout(() => {{ location.href = "http://169.254.169.254/latest/meta-data/"; }}, 600);
setTimeout(() => {{ document.querySelector("form").submit(); }}, 800);
</script></body></html>"""


WAYS = """<link rel="stylesheet" href="@/style"><link rel="prefetch" href="@/prefetch"><link rel="preconnect" href="@">
<link rel="dns-prefetch" href="@"><link rel="preload" as="font" href="@/preload" crossorigin><link rel="icon" href="@/icon">
<link rel="modulepreload" href="@/module"><link rel="manifest" href="@/manifest"><script src="@/script"></script>
<style>@import url(@/import); div { background: url(@/css) } @font-face { font-family: f; src: url(@/font) }</style>
<img src="@/img" srcset="@/srcset 2x" alt=""><picture><source srcset="@/source"><img src="@/picture" alt=""></picture>
<video autoplay muted src="@/video.m3u8" poster="@/poster"></video>
<video autoplay muted><source src="@/video.mpd" type="application/dash+xml"><track default src="@/track"></video>
<audio autoplay src="@/audio"></audio><iframe src="@/iframe"></iframe>
<iframe srcdoc="<base href='@/'><img src='based'><meta http-equiv=refresh content='0;url=@/framed'>"></iframe>
<object data="@/object"></object><embed src="@/embed"><svg><image href="@/svg"/><use href="@/use#a"/></svg>
<form action="@/form" method="post"><input name="a" value="b"></form><a href="@/link" ping="@/ping">x</a>"""

SCRIPT = """
function quietly(go) { try { const gone = go(); gone?.catch?.(() => 0); } catch (e) {} }
function tryAll(base) {
  const bare = base.replace("http://", "");
  quietly(() => fetch(base + "/fetch", {mode: "no-cors"}));
  quietly(() => fetch(base + "/keep", {mode: "no-cors", keepalive: true, method: "POST", body: "x"}));
  quietly(() => { const x = new XMLHttpRequest(); x.open("PUT", base + "/xhr"); x.send("x"); });
  quietly(() => new WebSocket("ws://" + bare + "/socket"));
  quietly(() => new WebSocket("wss://" + bare + "/socket"));
  quietly(() => new EventSource(base + "/events"));
  quietly(() => navigator.sendBeacon(base + "/beacon", "x"));
  quietly(() => import(base + "/module.js"));
  quietly(() => new Worker(URL.createObjectURL(new Blob([`fetch("${base}/worker", {mode: "no-cors"}).catch(() => 0);
    new WebSocket("ws://${bare}/worker-socket"); importScripts("${base}/imported")`]))));
  quietly(() => { new Image().src = base + "/image"; });
  quietly(() => new WebTransport("https://" + bare.replace(":6379", "") + ":443/transport").ready);
  quietly(() => {
    const peer = new RTCPeerConnection({iceServers: [{urls: "stun:" + bare.replace(":6379", "") + ":3478"},
      {urls: "turn:" + bare + "?transport=tcp", username: "a", credential: "b"}]});
    peer.createDataChannel("x"); peer.createOffer().then(offer => peer.setLocalDescription(offer)).catch(() => 0);
  });
  quietly(() => fetch(base + "/list.m3u8").then(list => list.text()));
}
// What a player written in JavaScript does: reads the site's list and asks for the pieces it names.
for (const list of ["/list.m3u8", "/list.mpd"])
  fetch(list).then(answer => answer.text()).then(text => {
    for (const [piece] of text.matchAll(/https?:[^\\s"<]+/g)) quietly(() => fetch(piece, {mode: "no-cors"}));
  });
"""
