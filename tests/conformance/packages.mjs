// What the packages of npm do: one call a line on standard input, one result a line on standard output.
//
// A call is {package, act, secret, url, headers, body}. `sign` answers {headers, body}, `verify` answers {valid}.
// Runs from the folder that holds the packages, where `run` copies it.

import { createInterface } from "node:readline";

import { hmacValidator } from "@adyen/api-library";
import * as octokit from "@octokit/webhooks-methods";
import "@shopify/shopify-api/adapters/node";
import { shopifyApi } from "@shopify/shopify-api";
import { createSHA256HMAC } from "@shopify/shopify-api/runtime";
import { CloudEvent, HTTP } from "cloudevents";
import { SignatureValidator } from "mollie-api-typescript";
import { WebhooksHelper } from "square";
import * as standardwebhooks from "standardwebhooks";
import Stripe from "stripe";
import * as svix from "svix";

const stripe = new Stripe("sk_test_unused");

/** The family of Standard Webhooks: both packages have one interface, and headers with a prefix of their own. */
const standard = (Webhook, prefix) => ({
  sign({ secret, headers, body }) {
    const id = headers["webhook-id"];
    const now = new Date();
    return {
      body,
      headers: {
        "content-type": headers["content-type"],
        [`${prefix}-id`]: id,
        [`${prefix}-timestamp`]: String(Math.floor(now.getTime() / 1000)),
        [`${prefix}-signature`]: new Webhook(secret).sign(id, now, body),
      },
    };
  },
  verify({ secret, headers, body }) {
    new Webhook(secret).verify(body, headers);
    return true;
  },
});

/** Signs or verifies every item of Adyen's batch with the function that is given. */
const eachItem = (body, act) => JSON.parse(body).notificationItems.map((item) => act(item.NotificationRequestItem));

const shopify = (secret) =>
  shopifyApi({
    apiKey: "unused",
    apiSecretKey: secret,
    apiVersion: "2026-01",
    hostName: "shop.example.test",
    isEmbeddedApp: false,
    logger: { log: () => {} },
  });

const PACKAGES = {
  stripe: {
    sign({ secret, headers, body }) {
      const signature = stripe.webhooks.generateTestHeaderString({ payload: body, secret });
      return { body, headers: { ...headers, "stripe-signature": signature } };
    },
    verify({ secret, headers, body }) {
      stripe.webhooks.constructEvent(body, headers["stripe-signature"], secret);
      return true;
    },
  },
  standardwebhooks: standard(standardwebhooks.Webhook, "webhook"),
  svix: standard(svix.Webhook, "svix"),
  "@octokit/webhooks-methods": {
    async sign({ secret, headers, body }) {
      return { body, headers: { ...headers, "x-hub-signature-256": await octokit.sign(secret, body) } };
    },
    verify: ({ secret, headers, body }) => octokit.verify(secret, body, headers["x-hub-signature-256"]),
  },
  cloudevents: {
    sign({ secret, headers, body }) {
      const event = new CloudEvent(JSON.parse(body));
      const structured = headers["content-type"] === "application/cloudevents+json";
      const message = structured ? HTTP.structured(event) : HTTP.binary(event);
      return { body: message.body, headers: { ...message.headers, authorization: `Bearer ${secret}` } };
    },
  },
  square: {
    verify: ({ secret, url, headers, body }) =>
      WebhooksHelper.verifySignature({
        requestBody: body,
        signatureHeader: headers["x-square-hmacsha256-signature"] ?? "",
        signatureKey: secret,
        notificationUrl: url,
      }),
  },
  "@adyen/api-library": {
    sign({ secret, headers, body }) {
      const batch = JSON.parse(body);
      for (const { NotificationRequestItem: item } of batch.notificationItems) {
        item.additionalData = { hmacSignature: new hmacValidator().calculateHmac(item, secret) };
      }
      return { headers, body: JSON.stringify(batch) };
    },
    verify: ({ secret, body }) =>
      eachItem(body, (item) => new hmacValidator().validateHMAC(item, secret)).every(Boolean),
  },
  "mollie-api-typescript": {
    async sign({ secret, headers, body }) {
      const signature = await SignatureValidator.createSignature(body, secret);
      return { body, headers: { ...headers, "x-mollie-signature": `sha256=${signature}` } };
    },
    verify: ({ secret, headers, body }) => SignatureValidator.validate(body, secret, headers["x-mollie-signature"]),
  },
  "@shopify/shopify-api": {
    async sign({ secret, headers, body }) {
      return { body, headers: { ...headers, "x-shopify-hmac-sha256": await createSHA256HMAC(secret, body) } };
    },
    async verify({ secret, headers, body }) {
      const rawRequest = { method: "POST", url: "/", headers };
      return (await shopify(secret).webhooks.validate({ rawBody: body, rawRequest, rawResponse: {} })).valid;
    },
  },
};

/** A package that throws on a bad signature says no in its own way; `error` tells why, for whoever expected a yes. */
async function perform({ package: name, act, ...call }) {
  try {
    const result = await PACKAGES[name][act](call);
    return act === "verify" ? { valid: result } : result;
  } catch (error) {
    return { valid: false, error: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await perform(JSON.parse(line))));
}
