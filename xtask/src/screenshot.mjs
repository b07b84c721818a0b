// Photographs the page at URL with the Chromium at CHROMIUM into the file PICTURE.
import { chromium } from "@playwright/test";

const { URL, CHROMIUM, PICTURE } = process.env;
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(URL, { waitUntil: "load" });
  // The stream never ends, so there is no quiet network to wait for; arrivals flash and fade.
  await page.waitForTimeout(6000);
  await page.screenshot({ path: PICTURE });
  if (errors.length > 0) throw new Error(`the console has errors:\n${errors.join("\n")}`);
} finally {
  await browser.close();
}
