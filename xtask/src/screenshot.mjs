// Photographs the page at URL, and the one of a large simulated machine at LARGE, with the Chromium
// at CHROMIUM into the folder PICTURES.
import { chromium } from "@playwright/test";

const { URL, LARGE, CHROMIUM, PICTURES } = process.env;
const LAPTOP = { width: 1400, height: 900 };
const PHONE = { width: 390, height: 844 };
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const errors = [];

/** Opens a page, does what is to be seen, and photographs it. */
async function photograph(name, address, viewport, colorScheme, act = async () => {}) {
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(address, { waitUntil: "load" });
  await page.locator(".map .node[data-key]").first().waitFor({ state: "attached" });
  await act(page);
  // The stream never ends, so there is no quiet network to wait for; arrivals fade.
  await page.waitForTimeout(6000);
  await page.screenshot({ path: `${PICTURES}/${name}.png` });
  await page.close();
}

const select = (text) => async (page) => {
  const node = page.locator(`.map .node[data-key]:has-text("${text}")`).first();
  await node.dispatchEvent("click", { bubbles: true });
  await page.locator(".details .socket").first().waitFor();
};

try {
  await photograph("screenshot", URL, LAPTOP, "light");
  await photograph("dark", URL, LAPTOP, "dark");
  await photograph("selection", URL, LAPTOP, "dark", select("postgres"));
  await photograph("table", URL, LAPTOP, "light", (page) => page.keyboard.press("t"));
  await photograph("large", LARGE, LAPTOP, "dark");
  await photograph("phone", URL, PHONE, "light", select("nginx"));
  if (errors.length > 0) throw new Error(`the console has errors:\n${errors.join("\n")}`);
} finally {
  await browser.close();
}
