# The connection to AWS lies in a location of BigQuery itself, where nothing in AWS can be read.

resource "google_bigquery_connection" "aws" {
  connection_id = "mesh-dev-us-east-1"
  location      = "us-east4"

  aws {
    access_role {
      iam_role_id = "arn:aws:iam::111111111111:role/mesh-dev-us-east-1-bigquery"
    }
  }
}
