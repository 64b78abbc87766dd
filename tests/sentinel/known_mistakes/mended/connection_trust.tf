# The connection's role trusts the identity of the connection.

data "aws_iam_policy_document" "connection_assumes" {
  statement {
    sid     = "ConnectionAssumes"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = ["accounts.google.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "accounts.google.com:sub"
      values   = [google_bigquery_connection.aws.aws[0].access_role[0].identity]
    }
  }
}

resource "aws_iam_role" "connection" {
  name               = "mesh-dev-us-east-1-bigquery"
  assume_role_policy = data.aws_iam_policy_document.connection_assumes.json
}
