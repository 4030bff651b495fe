// What every part of the page is built with: elements by id, new elements, linked text and avatars. Whatever comes from
// others is put on the page as text nodes, never as markup.

export const $ = (id) => document.getElementById(id);
/** The length in characters, as the functions count them. */
export const length = (text) => [...text].length;
export const plural = (n, one, many) => `${n} ${n === 1 ? one : many}`;

export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

/** The text with its web addresses as links. */
export function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}])/u).map((part, i) => {
    if (i % 2 === 0 || !URL.canParse(part)) return part;
    const link = element("a", "", part);
    link.href = part;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    return link;
  });
}

/** A person's initial on a colour that is theirs on every page. */
export function avatar(userId, name) {
  let hash = 0;
  for (const char of userId) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  const node = element("span", "avatar", [...name][0].toUpperCase());
  node.dataset.hue = hash % 8;
  node.setAttribute("aria-hidden", "true");
  return node;
}
