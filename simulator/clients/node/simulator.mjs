// How to point the official library at the simulator: one HTTP client that sends what is meant for
// https://<product>.twilio.com/… to http://simulator/<product>/…. Nothing else differs.
import twilio from "twilio";

export class SimulatorClient extends twilio.RequestClient {
  constructor(address) {
    super();
    this.address = address.replace(/\/$/, "");
  }

  request(options) {
    const uri = options.uri.replace(/^https:\/\/(\w+)[\w.]*\.twilio\.com/, `${this.address}/$1`);
    return super.request({ ...options, uri });
  }
}

export function connect(address, accountSid, authToken) {
  return twilio(accountSid, authToken, { httpClient: new SimulatorClient(address) });
}
