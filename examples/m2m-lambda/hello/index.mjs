// A call's event has the whole request; what is returned is the whole answer.
export const handler = async (event) => {
  const content =
    event.httpMethod === "POST" && event.body ? JSON.parse(event.body).content : process.env.GREETING;
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ content }),
  };
};
