// The entry: a token becomes a cookie at once and leaves the address bar; where there is none, the page asks for it. The first
// picture waits for this file: it imports nothing that a visitor with a token does not need.

/** Exchange the token in an address, or in what a person pasted; gives what `/hello` gives, or an error's code. */
async function exchange(text) {
  const answer = await fetch("/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token: text.trim().replace(/^.*#/s, "") }),
  });
  return answer.json();
}

/**
 * Let the visitor in.
 * @param {string[]} roles whom this page is for
 * @returns what the program says of itself and of this browser's role
 */
export async function enter(roles) {
  let hello = {};
  if (location.hash.length > 1) {
    const token = location.hash;
    history.replaceState(null, "", location.pathname + location.search);
    hello = await exchange(token);
  }
  addEventListener("hashchange", () => location.reload());
  for (;;) {
    const error = hello.error;
    if (!roles.includes(hello.role)) hello = await (await fetch("/hello")).json();
    if (roles.includes(hello.role)) return hello;
    const { ask } = await import("./door.js");
    hello = await ask(error ?? (hello.role ? "other-role" : null), exchange);
  }
}
