# The connection to AWS lies beside the buckets, where the landing dataset lies too.

resource "google_bigquery_connection" "aws" {
  connection_id = "mesh-dev-us-east-1"
  location      = "aws-us-east-1"

  aws {
    access_role {
      iam_role_id = "arn:aws:iam::111111111111:role/mesh-dev-us-east-1-bigquery"
    }
  }
}
