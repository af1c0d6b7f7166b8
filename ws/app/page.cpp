// Plain HTML and JavaScript, without any address but this server's own. Text from the network is only ever set as
// textContent, so no message can become markup.
#include "ws/app/page.hpp"

namespace ws::app {

std::string_view page() {
  return R"page(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ws101</title>
<style>
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { margin: 0; }
  form { display: flex; gap: .5rem; margin: 1rem 0; }
  input { flex: 1; min-width: 0; }
  input, button { font: inherit; padding: .4rem .7rem; border: 1px solid var(--line); border-radius: .4rem; }
  #log { list-style: none; padding: 0; border-top: 1px solid var(--line); font: 14px/1.6 ui-monospace, monospace; }
  #log li { display: flex; gap: .8rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
  #log time { opacity: .6; white-space: nowrap; }
  #state { font-weight: 600; }
</style>
</head>
<body>
<h1>ws101</h1>
<p>A WebSocket to <code id="url"></code>: <span id="state" role="status">connecting</span></p>
<form id="form"><input id="text" placeholder="A message" aria-label="A message" autocomplete="off" autofocus>
<button id="send">Send</button><button id="toggle" type="button">Close</button></form>
<ul id="log" aria-live="polite"></ul>
<script>
  const $ = id => document.getElementById(id);
  const url = location.origin.replace(/^http/, 'ws') + '/ws';
  let socket;
  $('url').textContent = url;
  function add(sign, text) {
    const item = document.createElement('li'), time = document.createElement('time'), words = document.createElement('span');
    time.textContent = new Date().toLocaleTimeString() + ' ' + sign;
    words.textContent = text;
    item.append(time, words);
    $('log').prepend(item);
    while ($('log').children.length > 500) $('log').lastChild.remove();
  }
  function state(text, open) {
    $('state').textContent = text;
    $('toggle').textContent = open ? 'Close' : 'Connect';
    $('send').disabled = !open;
  }
  function connect() {
    state('connecting', true);
    socket = new WebSocket(url);
    socket.onopen = () => state('open', true);
    socket.onmessage = event => add('◂', typeof event.data === 'string' ? event.data : event.data.size + ' bytes of binary');
    socket.onclose = event => state('closed, code ' + event.code + (event.reason ? ' (' + event.reason + ')' : ''), false);
  }
  $('form').onsubmit = event => {
    event.preventDefault();
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send($('text').value);
    add('▸', $('text').value);
    $('text').value = '';
  };
  $('toggle').onclick = () => socket.readyState <= WebSocket.OPEN ? socket.close(1000) : connect();
  connect();
</script>
</body>
</html>
)page";
}

}  // namespace ws::app
